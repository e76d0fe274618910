#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// Singlestep DPM-Solver (Lu et al. 2022, arXiv:2206.00927, algorithms 1-2 and 4-5): steps of order
/// 1 to 3 that call the network within the step and keep nothing for the next. In σ notation.
/// Steps from one start may be tried with several orders and ends; a stage at the same noise level
/// is evaluated once.
class SinglestepSolver {
 public:
  /// `predict_x0`: the form of DPM-Solver++, which extrapolates D instead of the noise.
  SinglestepSolver(const Denoiser& denoise, at::Tensor x, double sigma, bool predict_x0);

  const at::Tensor& denoised() const { return denoised_; }  ///< D at the start
  at::Tensor first(double to) const;
  at::Tensor second(double to, double r1 = 0.5);
  at::Tensor third(double to, double r1 = 1.0 / 3.0, double r2 = 2.0 / 3.0);
  at::Tensor step(int order, double to);

 private:
  // The start moved to σ = to with exponentially integrated slope terms.
  at::Tensor move(double to, const at::Tensor& integral) const;
  double exponent(double to) const;
  at::Tensor estimate(const at::Tensor& x, double sigma) const;
  const at::Tensor& middle(double sigma);

  const Denoiser& denoise_;
  at::Tensor x_;
  double sigma_;
  bool predict_x0_;
  at::Tensor denoised_, start_;  // D and the estimate (D or noise) at the start
  double middle_sigma_ = 0.0;
  at::Tensor middle_;  // the estimate at middle_sigma_
};

/// Orders of the steps that together make `calls` network calls, none above `order`, the last ones
/// lower (app. E of the paper).
std::vector<int> singlestep_orders(int calls, int order);

struct SinglestepOptions {
  bool predict_x0 = false;
  double eta = 0.0;  ///< ancestral noise after every step
};
/// Runs steps of the given orders; levels has one entry more than orders and ends above 0.
at::Tensor singlestep_run(const Denoiser&, at::Tensor x, std::span<const double> levels,
                          std::span<const int> orders, const SamplerEnv&, const SinglestepOptions&);

/// Solver steps whose length follows the difference of two orders, from sigmas.front() to the last
/// level above 0; the levels between are not visited.
struct AdaptiveOptions {
  int order = 3;  ///< 2 or 3
  double relative = 0.05, absolute = 0.0078;
  double first_step = 0.05;                                     ///< in λ
  double proportional = 0.0, integral = 1.0, derivative = 0.0;  ///< of the step size controller
  double accept = 0.81;  ///< steps that would have to shrink below this share are taken again
  double eta = 0.0;
  int most_steps = 10'000;
};
struct AdaptiveResult {
  at::Tensor x;
  int accepted = 0, rejected = 0;
};
/// k-diffusion's "DPM adaptive" (app. C of the paper with another controller).
AdaptiveResult dpm_solver_adaptive(const Denoiser&, at::Tensor x, double from, double to,
                                   const SamplerEnv&, const AdaptiveOptions&);
/// The same with the paper's own controller (algorithm 3), which judges errors on the scale that
/// preserves the variance; relative, absolute, first_step and most_steps of the options apply.
AdaptiveResult dpm_solver_adaptive_paper(const Denoiser&, at::Tensor x, double from, double to,
                                         const SamplerEnv&, const AdaptiveOptions&);

}  // namespace sfumato
