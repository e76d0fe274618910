#include "sfumato/training/distance.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/diffusion/forward_process.h"

namespace sfumato {

std::vector<double> huber_thresholds(const DistanceConfig& config, const NoiseSchedule& schedule) {
  std::vector<double> thresholds;
  const double c = config.huber_c;
  for (std::int64_t t = 0; t < schedule.steps(); ++t) {
    if (config.huber_schedule == "constant") {
      thresholds.push_back(config.huber_scale * c);
    } else if (config.huber_schedule == "exponential") {
      const double progress = static_cast<double>(t) / static_cast<double>(schedule.steps());
      thresholds.push_back(config.huber_scale * std::pow(c, progress));
    } else {
      const double sigma = schedule.sigmas()[static_cast<std::size_t>(t)];
      thresholds.push_back((1.0 - c) / ((1.0 + sigma) * (1.0 + sigma)) + c);
    }
  }
  return thresholds;
}

at::Tensor distance(const DistanceConfig& config, const NoiseSchedule& schedule,
                    const at::Tensor& predicted, const at::Tensor& target, const at::Tensor& t) {
  const at::Tensor difference = predicted.to(at::kFloat) - target.to(at::kFloat);
  if (config.kind == "l2") return difference.square();
  if (config.kind == "l1") return difference.abs();
  const at::Tensor c = lookup(huber_thresholds(config, schedule), t, difference);
  const at::Tensor smooth = 2.0 * ((difference.square() + c.square()).sqrt() - c);
  return config.kind == "huber" ? c * smooth : smooth;
}

at::Tensor masked_loss(const at::Tensor& loss, const at::Tensor& mask) {
  return loss * at::adaptive_avg_pool2d(mask.to(at::kFloat), loss.sizes().slice(2));
}

}  // namespace sfumato
