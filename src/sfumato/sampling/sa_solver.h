#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// SA-Solver (Xue et al. 2023, arXiv:2309.05019): a stochastic Adams predictor, whose next network
/// call also corrects the step before with the same noise. In σ notation (α ≡ 1, λ = -log σ).
struct SaSolverOptions {
  int predictor_order = 3, corrector_order = 4;  ///< 1 .. 4
  /// Share of fresh noise on the step from -> to: 0 the ODE, 1 the reverse SDE.
  std::function<double(double from, double to)> tau;
  /// Coefficients of order 2 get the paper's correction for few steps (app. D).
  bool simple_order_2 = false;
  int corrector_tail = 1;  ///< the corrector of the last step but k has at most this order plus k
};
at::Tensor sa_solver_with(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                          const SamplerEnv&, const SaSolverOptions&);

}  // namespace sfumato
