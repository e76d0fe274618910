#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// dx/dσ of the probability-flow ODE: (x - D(x; σ)) / σ. Karras et al. 2022, eq. 3 and algorithm 1.
at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, double sigma);

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

/// The number of steps; throws InvalidArgument unless sigmas are finite and strictly decreasing to
/// a value >= 0.
int check_sigmas(std::span<const double> sigmas);

/// One scaled draw of env.noise; throws InvalidArgument when the caller gave no noise.
at::Tensor fresh_noise(const SamplerEnv& env, double sigma, double sigma_next);

}  // namespace sfumato
