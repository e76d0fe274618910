#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// dx/dσ of the probability-flow ODE: (x - D(x; σ)) / σ. Karras et al. 2022, eq. 3 and algorithm 1.
at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, double sigma);

/// The latent at the lower noise level `to` on the straight line from x through D, or with
/// env.direction: D plus that direction's noise.
at::Tensor along(const at::Tensor& x, const at::Tensor& denoised, double from, double to,
                 const SamplerEnv& env);

/// A step from -> to split into an ODE step down to `down` and fresh noise of deviation `up`, so
/// that down² + up² = to². DDIM paper (Song et al. 2020), eq. 16, in σ notation.
struct AncestralStep {
  double down, up;
};
AncestralStep ancestral_step(double from, double to, double eta);

/// The latent after churn and the noise level it has then; unchanged when churn is off at `from`.
struct Churned {
  at::Tensor x;
  double sigma;
};
/// Karras et al. 2022, algorithm 2, lines 4-6. `count` is the number of steps of the whole run.
Churned churn(const at::Tensor& x, double from, double to, int count, const SamplerEnv& env);

/// Whether the last level may repeat the one before: some schedulers end a run that way.
enum class LastStep { Falls, MayRest };

/// The number of steps; throws InvalidArgument unless sigmas are finite and strictly decreasing to
/// a value >= 0.
int check_sigmas(std::span<const double> sigmas, LastStep last = LastStep::Falls);

/// True for a step without length, up to rounding.
bool rests(double from, double to);

/// One scaled draw of env.noise; throws InvalidArgument when the caller gave no noise.
at::Tensor fresh_noise(const SamplerEnv& env, double sigma, double sigma_next);

}  // namespace sfumato
