#include "sfumato/training/diffusion_loss.h"

#include <ATen/ATen.h>

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

at::Tensor diffusion_loss(const Network& network, Prediction prediction,
                          const DistanceConfig& distance_config, const NoiseSchedule& schedule,
                          const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t,
                          const Conditioning& cond, const std::optional<at::Tensor>& mask) {
  const at::Tensor x_t = add_noise(schedule, x0, noise, t);
  const at::Tensor target = diffusion_target(prediction, schedule, x0, noise, t);
  at::Tensor error = distance(distance_config, schedule, network(x_t, t, cond), target, t);
  if (mask) error = masked_loss(error, *mask);
  return error.flatten(1).mean(1);
}

}  // namespace sfumato
