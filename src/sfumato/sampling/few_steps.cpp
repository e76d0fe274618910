// Samplers for models distilled to a few steps: every step goes all the way to the estimate and
// takes noise from there.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// Multistep sampling of consistency models (Song et al. 2023, arXiv:2303.01469, algorithm 1; Luo et
// al. 2023, arXiv:2310.04378). The denoiser is the consistency function.
at::Tensor lcm(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
               const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    x = denoise(x, from);
    env.on_step({i, count, from, x});
    if (to > 0.0) x = x + to * fresh_noise(env, from, to);
  }
  return x;
}

// Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024,
// arXiv:2402.19159, algorithm 4): down to the timestep (1 - γ) t', and with noise back up to t'.
// γ is env.eta.
at::Tensor tcd(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
               const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  const double gamma = env.eta.value_or(0.3);
  if (!env.schedule) {
    throw Error(ErrorKind::InvalidArgument, "sampler tcd: needs the timesteps of the model",
                "pass the noise schedule in SamplerEnv");
  }
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;

    // Rounding keeps a whole timestep whole that was looked up by its noise level.
    const double t = std::round(env.schedule->t(to) * 1e6) / 1e6;
    const double down = std::min(to, env.schedule->sigma(std::floor((1.0 - gamma) * t)));
    x = denoised + down * slope(x, denoised, from);
    const bool last = i + 1 == count;
    const double up = std::sqrt(to * to - down * down);
    if (gamma > 0.0 && !last) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

}  // namespace sfumato
