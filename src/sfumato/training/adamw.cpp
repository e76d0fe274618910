#include "sfumato/training/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sfumato {
namespace {

std::vector<std::string> adamw_slots(const AdamWConfig& config) {
  if (config.amsgrad) return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq"};
}

}  // namespace

AdamW::AdamW(TensorMap parameters, const AdamWConfig& config)
    : Optimizer(std::move(parameters), adamw_slots(config)), config_(config) {}

void AdamW::update(const Group& group, double learning_rate) const {
  std::vector<at::Tensor> gradients = group.gradients, decayed;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const at::Tensor& parameter = group.parameters[i];
    const bool spared = config_.decay_matrices_only && parameter.dim() < 2;
    if (config_.weight_decay == 0.0 || spared) continue;
    if (config_.decoupled_decay) {
      decayed.push_back(parameter);
    } else {
      gradients[i] = gradients[i].add(parameter, config_.weight_decay);
    }
  }
  if (!decayed.empty()) at::_foreach_mul_(decayed, 1.0 - learning_rate * config_.weight_decay);

  const std::vector<at::Tensor>&averages = group.slots[0], &squares = group.slots[1];
  at::_foreach_mul_(averages, config_.beta1);
  at::_foreach_add_(averages, gradients, 1.0 - config_.beta1);
  at::_foreach_mul_(squares, config_.beta2);
  at::_foreach_addcmul_(squares, gradients, gradients, 1.0 - config_.beta2);
  if (config_.amsgrad) {
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const at::Tensor& largest = group.slots[2][i];
      largest.copy_(at::maximum(largest, squares[i]));
    }
  }

  // Both moments start at zero and are therefore too small by these factors.
  const double bias1 = 1.0 - std::pow(config_.beta1, static_cast<double>(steps()));
  const double bias2 = 1.0 - std::pow(config_.beta2, static_cast<double>(steps()));
  std::vector<at::Tensor> roots = at::_foreach_sqrt(config_.amsgrad ? group.slots[2] : squares);
  at::_foreach_div_(roots, std::sqrt(bias2));
  at::_foreach_add_(roots, config_.epsilon);
  at::_foreach_addcdiv_(group.parameters, averages, roots, -learning_rate / bias1);
}

}  // namespace sfumato
