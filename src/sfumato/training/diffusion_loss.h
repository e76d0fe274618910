#pragma once

#include <optional>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/training/distance.h"

namespace sfumato {

/// What the network is asked for: noise, v (Salimans & Ho 2022, app. D) or x0.
///   x0, noise  [B, C, H, W];  t  [B] int64
at::Tensor diffusion_target(Prediction prediction, const NoiseSchedule& schedule,
                            const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t);

/// The training objective of LDM eq. 2, one value per sample (the trainer averages and weights).
///   x0, noise       [B, C, H, W]
///   t               [B] int64, 0-based step of the noise schedule; on the CPU it costs no
///                   synchronisation with a GPU. The network is given it as it is.
///   mask            [B, 1, H', W'] in [0, 1]: see masked_loss(); or none
///   return          [B] float32
/// Pure: all randomness (noise, t, dropped conditioning) is drawn by the caller.
at::Tensor diffusion_loss(const Network& network, Prediction prediction,
                          const DistanceConfig& distance_config, const NoiseSchedule& schedule,
                          const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t,
                          const Conditioning& cond,
                          const std::optional<at::Tensor>& mask = std::nullopt);

}  // namespace sfumato
