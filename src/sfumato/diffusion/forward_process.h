#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// The forward process and its posterior on batches whose images have timesteps of their own.
/// x0, x_t, noise, eps and v are [B, ...]; t is int64 [B]. Scale: variance preserving.

/// table[t] as float32 [B, 1, ...], to multiply with `like`; throws InvalidArgument when a timestep
/// lies outside the table.
at::Tensor lookup(const std::vector<double>& table, const at::Tensor& t, const at::Tensor& like);

/// x_t = sqrt(ᾱ) x0 + sqrt(1-ᾱ) noise. Ho et al. 2020, eq. 4.
at::Tensor add_noise(const NoiseSchedule&, const at::Tensor& x0, const at::Tensor& noise,
                     const at::Tensor& t);
/// v = sqrt(ᾱ) noise - sqrt(1-ᾱ) x0. Salimans & Ho 2022, app. D.
at::Tensor velocity(const NoiseSchedule&, const at::Tensor& x0, const at::Tensor& noise,
                    const at::Tensor& t);
at::Tensor x0_from_eps(const NoiseSchedule&, const at::Tensor& x_t, const at::Tensor& eps,
                       const at::Tensor& t);
at::Tensor x0_from_v(const NoiseSchedule&, const at::Tensor& x_t, const at::Tensor& v,
                     const at::Tensor& t);
at::Tensor eps_from_v(const NoiseSchedule&, const at::Tensor& x_t, const at::Tensor& v,
                      const at::Tensor& t);

/// q(x_{t-1} | x_t, x_0) = N(mean_x0 x0 + mean_x_t x_t, variance), one entry per timestep.
/// Ho et al. 2020, eqs. 6-7.
struct Posterior {
  std::vector<double> mean_x0, mean_x_t, variance;
  std::vector<double> log_variance;  ///< of at least 1e-20: the variance at t = 0 is 0
};
/// `v` in [0, 1] moves the variance from the posterior's towards beta (CompVis v_posterior).
Posterior posterior(const NoiseSchedule&, double v = 0.0);
at::Tensor posterior_mean(const Posterior&, const at::Tensor& x0, const at::Tensor& x_t,
                          const at::Tensor& t);
/// One draw from the posterior; no noise at t = 0.
at::Tensor posterior_sample(const Posterior&, const at::Tensor& x0, const at::Tensor& x_t,
                            const at::Tensor& t, const at::Tensor& noise);

/// Weights that turn the mean squared error of a prediction into its term of the variational bound
/// (Ho et al. 2020, eq. 12; CompVis lvlb_weights). The first, which would be infinite, repeats the
/// second.
std::vector<double> vlb_weights(const NoiseSchedule&, Prediction, double v = 0.0);

}  // namespace sfumato
