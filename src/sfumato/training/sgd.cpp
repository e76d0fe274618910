#include "sfumato/training/sgd.h"

#include <ATen/ATen.h>

namespace sfumato {
namespace {

std::vector<std::string> sgd_slots(const SgdConfig& config) {
  if (config.momentum == 0.0) return {};
  return {"momentum_buffer"};
}

}  // namespace

Sgd::Sgd(TensorMap parameters, const SgdConfig& config)
    : Optimizer(std::move(parameters), sgd_slots(config)), config_(config) {}

void Sgd::update(const Group& group, double learning_rate) const {
  std::vector<at::Tensor> gradients = group.gradients;
  if (config_.weight_decay != 0.0) {
    gradients = at::_foreach_add(gradients, group.parameters, config_.weight_decay);
  }
  if (config_.momentum != 0.0) {
    const std::vector<at::Tensor>& velocities = group.slots[0];
    at::_foreach_mul_(velocities, config_.momentum);
    at::_foreach_add_(velocities, gradients, steps() == 1 ? 1.0 : 1.0 - config_.dampening);
    gradients =
        config_.nesterov ? at::_foreach_add(gradients, velocities, config_.momentum) : velocities;
  }
  at::_foreach_add_(group.parameters, gradients, -learning_rate);
}

}  // namespace sfumato
