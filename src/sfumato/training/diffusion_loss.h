#pragma once

#include <vector>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// What the network is asked for: noise, v (Salimans & Ho 2022, app. D) or x0.
///   x0, noise  [B, C, H, W];  t  [B] int64
at::Tensor diffusion_target(Prediction prediction, const NoiseSchedule& schedule,
                            const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t);

/// How far a prediction is from its target: squared (L2) or absolute (L1) error.
enum class Distance { L2, L1 };

/// Mean over everything but the batch, in float32: [B].
at::Tensor distance_per_sample(Distance distance, const at::Tensor& predicted,
                               const at::Tensor& target);

/// The training objective of LDM eq. 2, one value per sample (the trainer averages and weights).
///   x0, noise       [B, C, H, W]
///   t               [B] int64, 0-based step of the noise schedule; on the CPU it costs no
///                   synchronisation with a GPU. The network is given it as it is.
///   return          [B] float32
/// Pure: all randomness (noise, t, dropped conditioning) is drawn by the caller.
at::Tensor diffusion_loss(const Network& network, Prediction prediction, Distance distance,
                          const NoiseSchedule& schedule, const at::Tensor& x0,
                          const at::Tensor& noise, const at::Tensor& t, const Conditioning& cond);

/// Limits of the weight that the squared error of x0 gets at a timestep, by nature its SNR = ᾱ /
/// (1 - ᾱ). A ceiling of 5 is min-SNR-gamma (Hang et al. 2023, eq. 5): less of what is nearly
/// clean. A floor of 1 is the truncated SNR (Salimans & Ho 2022, sec. 4): more of what is nearly
/// noise, where a picture's layout is decided.
struct SnrLimits {
  double floor, ceiling;
};

/// Weight of the loss at each timestep, [T]: the limited SNR divided by SNR (eps), by SNR + 1 (v)
/// or by 1 (x0).
std::vector<double> snr_weights(Prediction prediction, const NoiseSchedule& schedule,
                                const SnrLimits& limits);

}  // namespace sfumato
