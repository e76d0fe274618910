#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "sfumato/diffusion/noise_schedule.h"

namespace sfumato {

/// How far a prediction is from its target, element by element, d being the difference:
///   "l2"         d²
///   "l1"         |d|
///   "huber"      2c (sqrt(d² + c²) - c)   the pseudo-Huber loss: d² near 0, 2c|d| far from it
///   "smooth_l1"  2 (sqrt(d² + c²) - c)    the same divided by c
/// The threshold c of a timestep t of T follows huber_schedule, as named in kohya's sd-scripts:
///   "constant"     huber_scale · huber_c
///   "exponential"  huber_scale · huber_c^(t/T)
///   "snr"          (1 - huber_c) / (1 + σ_t)² + huber_c
/// The last two are 1 at t = 0 and tend to huber_c: outliers count less where there is more noise.
struct DistanceConfig {
  std::string kind = "l2";
  std::string huber_schedule = "snr";
  double huber_c = 0.1, huber_scale = 1.0;
};

/// The threshold c at every timestep, [T].
std::vector<double> huber_thresholds(const DistanceConfig& config, const NoiseSchedule& schedule);

/// In float32, shaped like the two.
///   predicted, target  [B, ...]
///   t                  [B] int64
at::Tensor distance(const DistanceConfig& config, const NoiseSchedule& schedule,
                    const at::Tensor& predicted, const at::Tensor& target, const at::Tensor& t);

/// A loss counted only where a mask of the picture allows.
///   loss    [B, C, h, w]
///   mask    [B, 1, H, W] in [0, 1]; averaged over the area of each element of the loss
at::Tensor masked_loss(const at::Tensor& loss, const at::Tensor& mask);

}  // namespace sfumato
