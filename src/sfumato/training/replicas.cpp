#include "sfumato/training/replicas.h"

#include <ATen/ATen.h>

#include "sfumato/tensor/parallel.h"
#include "sfumato/training/train_state.h"

namespace sfumato {
namespace {

std::vector<at::Tensor> trained(const torch::nn::Module& module) {
  std::vector<at::Tensor> list;
  for (const auto& [name, tensor] : trainable_parameters(module)) list.push_back(tensor);
  return list;
}

void for_each_index(std::size_t count, const std::function<void(std::size_t)>& body) {
  parallel_for(0, static_cast<std::int64_t>(count), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) body(static_cast<std::size_t>(i));
  });
}

}  // namespace

Replicas::Replicas(std::vector<Replica> replicas) : replicas_(std::move(replicas)) {
  for (const Replica& replica : replicas_) {
    parameters_.push_back(trained(*replica.module));
    for (std::size_t i = 0; i < parameters_.back().size(); ++i) {
      parameters_.back()[i].set_data(parameters_.front().at(i));
    }
  }
}

at::Tensor Replicas::forward(const std::vector<at::Tensor>& inputs) const {
  const auto count = static_cast<std::int64_t>(replicas_.size());
  std::vector<std::vector<at::Tensor>> parts(replicas_.size());
  for (const at::Tensor& input : inputs) {
    const auto slices = input.detach().tensor_split(count);
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].push_back(slices[i]);
  }

  std::vector<at::Tensor> outputs(replicas_.size());
  for_each_index(replicas_.size(), [&](std::size_t i) {
    const at::AutoGradMode with_graph(true);  // a setting of the thread
    outputs[i] = replicas_[i].forward(parts[i]);
  });

  // The caller's graph begins at the joined output; each part keeps a graph of its own behind it,
  // since only a graph of its own can be walked by a thread of its own.
  std::vector<at::Tensor> values;
  for (const at::Tensor& output : outputs) values.push_back(output.detach());
  at::Tensor joined = at::cat(values).requires_grad_();
  joined.register_hook([this, outputs](const at::Tensor& gradient) {
    const auto slices = gradient.tensor_split(static_cast<std::int64_t>(outputs.size()));
    for_each_index(outputs.size(), [&](std::size_t i) { outputs[i].backward(slices[i]); });
    add_gradients();
  });
  return joined;
}

void Replicas::add_gradients() const {
  for_each_index(parameters_.front().size(), [this](std::size_t i) {
    const at::NoGradGuard no_grad;  // a setting of the thread
    at::Tensor& sum = parameters_.front()[i].mutable_grad();
    for (std::size_t r = 1; r < parameters_.size(); ++r) {
      at::Tensor& part = parameters_[r][i].mutable_grad();
      if (!part.defined()) continue;
      if (sum.defined()) {
        sum.add_(part);
      } else {
        sum = part;
      }
      part.reset();
    }
  });
}

}  // namespace sfumato
