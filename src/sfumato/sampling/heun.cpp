#include <ATen/ATen.h>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// Karras et al. 2022, algorithm 2: an Euler step, then the same step with the mean of the slopes at
// both ends. The step to σ = 0 stays first order, the slope there being undefined.
at::Tensor heun(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double to = sigmas[i + 1];
    const auto [noisy, from] = churn(x, sigmas[i], to, count, env);
    const at::Tensor denoised = denoise(noisy, from);
    env.on_step({i, count, sigmas[i], denoised});
    if (to == 0.0) return denoised;

    const at::Tensor at_start = slope(noisy, denoised, from);
    const at::Tensor guess = noisy + (to - from) * at_start;
    const at::Tensor at_end = slope(guess, denoise(guess, to), to);
    x = noisy + (to - from) * 0.5 * (at_start + at_end);
  }
  return x;
}

}  // namespace sfumato
