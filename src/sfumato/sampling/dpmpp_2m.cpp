#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// DPM-Solver++(2M): Lu et al. 2022 (arXiv:2211.01095), algorithm 2, in the σ notation
// (α ≡ 1, λ = -log σ). Second order: the slope of D between the last two steps is
// extrapolated to the middle of the next one. One network call per step.
at::Tensor dpmpp_2m(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                    const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  at::Tensor previous;      // D at the step before, undefined on the first one
  double previous_h = 0.0;  // λ-length of the step before

  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;  // λ is infinite there; the exact limit is D itself

    const double h = std::log(from / to);
    const double slope = previous.defined() ? 0.5 * h / previous_h : 0.0;
    const at::Tensor midpoint =
        previous.defined() ? (1.0 + slope) * denoised - slope * previous : denoised;

    x = (to / from) * x - std::expm1(-h) * midpoint;
    previous = denoised;
    previous_h = h;
  }
  return x;
}

}  // namespace sfumato
