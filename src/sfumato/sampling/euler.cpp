#include <ATen/ATen.h>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// Karras et al. 2022, algorithm 2 without the second-order correction.
at::Tensor euler(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                 const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double to = sigmas[i + 1];
    const auto [noisy, from] = churn(x, sigmas[i], to, count, env);
    const at::Tensor denoised = denoise(noisy, from);
    env.on_step({i, count, sigmas[i], denoised});
    x = to == 0.0 ? denoised : along(noisy, denoised, from, to, env);
  }
  return x;
}

}  // namespace sfumato
