#include <ATen/ATen.h>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// Heun++: the mean of the slopes at up to three noise levels, weighted by the levels, the first
// slope taking the rest. Towards the end it falls back to two slopes and then to one. Source: the
// web interface's sampler of that name.
at::Tensor heunpp2(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                   const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double to = sigmas[i + 1];
    const auto [noisy, from] = churn(x, sigmas[i], to, count, env);
    const at::Tensor denoised = denoise(noisy, from);
    env.on_step({i, count, sigmas[i], denoised});
    if (to == 0.0) return denoised;

    const at::Tensor first = slope(noisy, denoised, from);
    if (i + 1 == count) {
      x = noisy + (to - from) * first;
      continue;
    }
    const at::Tensor guess = noisy + (to - from) * first;
    const at::Tensor second = slope(guess, denoise(guess, to), to);
    const double beyond = sigmas[i + 2];
    at::Tensor mean;
    if (i + 2 == count) {
      const double w = to / (2.0 * sigmas[0]);
      mean = (1.0 - w) * first + w * second;
    } else {
      const at::Tensor far = guess + (beyond - to) * second;
      const at::Tensor third = slope(far, denoise(far, beyond), beyond);
      const double w2 = to / (3.0 * sigmas[0]), w3 = beyond / (3.0 * sigmas[0]);
      mean = (1.0 - w2 - w3) * first + w2 * second + w3 * third;
    }
    x = noisy + (to - from) * mean;
  }
  return x;
}

}  // namespace sfumato
