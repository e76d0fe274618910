#include "sfumato/training/optimizer.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/training/tensor_groups.h"

namespace sfumato {

Optimizer::Optimizer(TensorMap parameters, const std::vector<std::string>& slots)
    : parameters_(std::move(parameters)) {
  const at::NoGradGuard no_grad;
  for (const std::string& slot : slots) {
    TensorMap zeros;
    for (const auto& [name, parameter] : parameters_) zeros[name] = at::zeros_like(parameter);
    slots_.emplace_back(slot, std::move(zeros));
  }
}

void Optimizer::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad() = at::Tensor();
}

void Optimizer::step(double learning_rate) {
  ++steps_;
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_) {
    if (parameter.grad().defined()) names.push_back(name);
  }
  if (names.empty()) return;
  const at::Device device = parameters_.at(names[0]).device();
  for_each_group(device, names.size(), [&](std::size_t first, std::size_t last) {
    Group group;
    group.slots.resize(slots_.size());
    for (std::size_t i = first; i < last; ++i) {
      group.parameters.push_back(parameters_.at(names[i]));
      group.gradients.push_back(group.parameters.back().grad());
      for (std::size_t s = 0; s < slots_.size(); ++s) {
        group.slots[s].push_back(slots_[s].second.at(names[i]));
      }
    }
    update(group, learning_rate);
  });
}

TensorMap Optimizer::state() const {
  TensorMap state;
  for (const auto& [slot, tensors] : slots_) {
    for (const auto& [name, tensor] : tensors) state[slot + "." + name] = tensor;
  }
  return state;
}

void Optimizer::restore(const TensorMap& state, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  for (auto& [slot, tensors] : slots_) {
    for (auto& [name, tensor] : tensors) {
      const auto found = state.find(slot + "." + name);
      if (found == state.end() || found->second.sizes() != tensor.sizes()) {
        throw Error(ErrorKind::Corrupt,
                    "optimizer state does not fit the model: " + slot + "." + name,
                    "start afresh with --fresh");
      }
      tensor.copy_(found->second);
    }
  }
  steps_ = steps;
}

at::Tensor clip_gradients(const TensorMap& parameters, double max_norm) {
  std::vector<at::Tensor> gradients;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return at::zeros({});

  const at::Device device = gradients[0].device();
  std::vector<at::Tensor> norms(gradients.size());
  for_each_group(device, gradients.size(), [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) norms[i] = gradients[i].norm();
  });
  const at::Tensor norm = at::stack(norms).norm();
  if (max_norm > 0.0) {
    const at::Tensor scale = (max_norm / (norm + 1e-6)).clamp_max(1.0);
    for_each_group(device, gradients.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) gradients[i].mul_(scale);
    });
  }
  return norm;
}

}  // namespace sfumato
