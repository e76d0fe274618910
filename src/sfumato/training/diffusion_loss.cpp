#include "sfumato/training/diffusion_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/diffusion/forward_process.h"

namespace sfumato {

at::Tensor diffusion_target(Prediction prediction, const NoiseSchedule& schedule,
                            const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t) {
  switch (prediction) {
    case Prediction::Epsilon:
      return noise;
    case Prediction::V:
      return velocity(schedule, x0, noise, t);
    case Prediction::Sample:
      return x0;
  }
  return {};  // unreachable: -Wswitch keeps the list complete
}

at::Tensor distance_per_sample(Distance distance, const at::Tensor& predicted,
                               const at::Tensor& target) {
  const at::Tensor difference = predicted.to(at::kFloat) - target.to(at::kFloat);
  const at::Tensor error = distance == Distance::L1 ? difference.abs() : difference.square();
  return error.flatten(1).mean(1);
}

at::Tensor diffusion_loss(const Network& network, Prediction prediction, Distance distance,
                          const NoiseSchedule& schedule, const at::Tensor& x0,
                          const at::Tensor& noise, const at::Tensor& t, const Conditioning& cond) {
  const at::Tensor x_t = add_noise(schedule, x0, noise, t);
  const at::Tensor target = diffusion_target(prediction, schedule, x0, noise, t);
  return distance_per_sample(distance, network(x_t, t, cond), target);
}

std::vector<double> snr_weights(Prediction prediction, const NoiseSchedule& schedule,
                                const SnrLimits& limits) {
  std::vector<double> weights;
  for (const double alpha_bar : schedule.alphas_cumprod()) {
    const double snr = alpha_bar / (1.0 - alpha_bar);
    const double limited = std::clamp(snr, limits.floor, limits.ceiling);
    switch (prediction) {
      case Prediction::Epsilon:
        weights.push_back(limited / snr);
        break;
      case Prediction::V:
        weights.push_back(limited / (snr + 1.0));
        break;
      case Prediction::Sample:
        weights.push_back(limited);
        break;
    }
  }
  return weights;
}

}  // namespace sfumato
