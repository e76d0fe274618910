#include <ATen/ATen.h>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// An Euler step to a lower noise level than asked for, then fresh noise back up to it. For any eta
// this is the generalised DDIM of Song et al. 2020 (arXiv:2010.02502), eqs. 12 and 16.
at::Tensor euler_ancestral(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                           const SamplerEnv& env) {
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;
    if (rests(from, to)) return x;

    const auto [down, up] = ancestral_step(from, to, eta);
    x = along(x, denoised, from, down, env);
    if (up > 0.0) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

}  // namespace sfumato
