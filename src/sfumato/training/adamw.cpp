#include "sfumato/training/adamw.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/training/tensor_groups.h"

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

void AdamW::step(double learning_rate) {
  ++steps_;
  std::vector<Updated> all;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    all.push_back({parameter, parameter.grad(), exp_avg_.at(name), exp_avg_sq_.at(name)});
  }
  if (all.empty()) return;
  for_each_group(all[0].parameter.device(), all.size(), [&](std::size_t first, std::size_t last) {
    update({all.data() + first, last - first}, learning_rate);
  });
}

void AdamW::update(at::ArrayRef<Updated> group, double learning_rate) const {
  std::vector<at::Tensor> parameters, decayed, gradients, averages, squares;
  for (const Updated& u : group) {
    parameters.push_back(u.parameter);
    gradients.push_back(u.gradient);
    averages.push_back(u.average);
    squares.push_back(u.square);
    if (!config_.decay_matrices_only || u.parameter.dim() >= 2) decayed.push_back(u.parameter);
  }
  if (config_.weight_decay != 0.0 && !decayed.empty()) {
    at::_foreach_mul_(decayed, 1.0 - learning_rate * config_.weight_decay);
  }
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
