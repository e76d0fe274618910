#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// Multistep DPM-Solver (Lu et al. 2022, arXiv:2206.00927) and DPM-Solver++ (arXiv:2211.01095) of
/// order 1 to 3, deterministic or stochastic: one network call per step, Taylor terms from the
/// estimates of the steps before. In σ notation (α ≡ 1, λ = -log σ), where it is the same solver.
struct DpmSolverOptions {
  int order = 2;           ///< 1 .. 3
  bool predict_x0 = true;  ///< ++: the estimate of x0 is extrapolated; false: the noise is
  /// Second-order steps use the integral of the slope ("heun", "taylor") instead of the value half
  /// way ("midpoint").
  bool heun = false;
  double eta = 0.0;             ///< share of fresh noise, 1 is the reverse SDE; x0 form only
  bool taper = false;           ///< last steps: order 2, then 1
  bool euler_at_final = false;  ///< only the last step has order 1
};
at::Tensor dpm_solver_multistep(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                                const SamplerEnv&, const DpmSolverOptions&);

}  // namespace sfumato
