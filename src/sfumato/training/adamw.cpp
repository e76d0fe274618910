#include "sfumato/training/adamw.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TensorMap zeros_like(const TensorMap& tensors) {
  TensorMap zeros;
  for (const auto& [name, tensor] : tensors) zeros[name] = at::zeros_like(tensor);
  return zeros;
}

void copy_all(TensorMap& to, const TensorMap& from, const std::string& prefix) {
  for (auto& [name, tensor] : to) {
    const auto found = from.find(prefix + name);
    if (found == from.end() || found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::Corrupt, "optimizer state does not fit the model: " + prefix + name,
                  "start afresh with --fresh");
    }
    tensor.copy_(found->second);
  }
}

}  // namespace

AdamW::AdamW(TensorMap parameters, const AdamWConfig& config)
    : parameters_(std::move(parameters)), config_(config) {
  const at::NoGradGuard no_grad;
  exp_avg_ = zeros_like(parameters_);
  exp_avg_sq_ = zeros_like(parameters_);
}

void AdamW::zero_grad() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad() = at::Tensor();
}

void AdamW::apply_weight_decay(double learning_rate) {
  std::vector<at::Tensor> decayed;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    if (!config_.decay_matrices_only || parameter.dim() >= 2) decayed.push_back(parameter);
  }
  if (!decayed.empty()) at::_foreach_mul_(decayed, 1.0 - learning_rate * config_.weight_decay);
}

void AdamW::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  ++steps_;
  if (config_.weight_decay != 0.0) apply_weight_decay(learning_rate);

  std::vector<at::Tensor> parameters, gradients, averages, squares;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    parameters.push_back(parameter);
    gradients.push_back(parameter.grad());
    averages.push_back(exp_avg_.at(name));
    squares.push_back(exp_avg_sq_.at(name));
  }
  if (parameters.empty()) return;

  at::_foreach_mul_(averages, config_.beta1);
  at::_foreach_add_(averages, gradients, 1.0 - config_.beta1);
  at::_foreach_mul_(squares, config_.beta2);
  at::_foreach_addcmul_(squares, gradients, gradients, 1.0 - config_.beta2);

  // Both moments start at zero and are therefore too small by these factors.
  const double bias1 = 1.0 - std::pow(config_.beta1, static_cast<double>(steps_));
  const double bias2 = 1.0 - std::pow(config_.beta2, static_cast<double>(steps_));
  std::vector<at::Tensor> roots = at::_foreach_sqrt(squares);
  at::_foreach_div_(roots, std::sqrt(bias2));
  at::_foreach_add_(roots, config_.epsilon);
  at::_foreach_addcdiv_(parameters, averages, roots, -learning_rate / bias1);
}

TensorMap AdamW::moments() const {
  TensorMap moments;
  for (const auto& [name, tensor] : exp_avg_) moments["exp_avg." + name] = tensor;
  for (const auto& [name, tensor] : exp_avg_sq_) moments["exp_avg_sq." + name] = tensor;
  return moments;
}

void AdamW::restore(const TensorMap& moments, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  copy_all(exp_avg_, moments, "exp_avg.");
  copy_all(exp_avg_sq_, moments, "exp_avg_sq.");
  steps_ = steps;
}

at::Tensor clip_gradients(const TensorMap& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients, norms;
  for (const auto& [name, parameter] : parameters) {
    if (!parameter.grad().defined()) continue;
    gradients.push_back(parameter.grad());
    norms.push_back(parameter.grad().norm());
  }
  if (gradients.empty()) return at::zeros({});
  const at::Tensor norm = at::stack(norms).norm();
  if (max_norm > 0.0) {
    const at::Tensor scale = (max_norm / (norm + 1e-6)).clamp_max(1.0);
    for (auto& gradient : gradients) gradient.mul_(scale);
  }
  return norm;
}

}  // namespace sfumato
