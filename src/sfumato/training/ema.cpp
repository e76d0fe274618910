#include "sfumato/training/ema.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/training/tensor_groups.h"

namespace sfumato {
namespace {

std::vector<at::Tensor> values(const TensorMap& tensors) {
  std::vector<at::Tensor> list;
  for (const auto& [name, tensor] : tensors) list.push_back(tensor);
  return list;
}

}  // namespace

double EmaDecay::at(std::int64_t updates) const {
  const std::int64_t counted = updates - update_after_step - 1;
  if (counted <= 0) return 0.0;
  const auto n = static_cast<double>(counted);
  const double grown =
      use_ema_warmup ? 1.0 - std::pow(1.0 + n / inv_gamma, -power) : (1.0 + n) / (10.0 + n);
  return std::max(min_decay, std::min(decay, grown));
}

Ema::Ema(const TensorMap& parameters, const EmaDecay& decay)
    : parameters_(parameters), decay_(decay) {
  for (const auto& [name, tensor] : parameters) average_[name] = tensor.detach().clone();
}

void Ema::update() {
  ++updates_;
  const double decay = decay_.at(updates_);
  const std::vector<at::Tensor> averages = values(average_), live = values(parameters_);
  if (averages.empty()) return;
  for_each_group(averages[0].device(), averages.size(), [&](std::size_t first, std::size_t last) {
    const at::TensorList some(averages.data() + first, last - first);
    at::_foreach_mul_(some, decay);
    at::_foreach_add_(some, {live.data() + first, last - first}, 1.0 - decay);
  });
}

void Ema::swap() {
  const at::NoGradGuard no_grad;
  for (auto& [name, average] : average_) {
    at::Tensor live = parameters_.at(name).detach();
    const at::Tensor kept = live.clone();
    live.copy_(average);
    average.copy_(kept);
  }
}

void Ema::restore(const TensorMap& average, std::int64_t updates) {
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : average_) {
    const auto found = average.find(name);
    if (found == average.end() || found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::Corrupt, "averaged weights do not fit the model: " + name,
                  "start afresh with --fresh");
    }
    tensor.copy_(found->second);
  }
  updates_ = updates;
}

}  // namespace sfumato
