#include "sfumato/sampling/sample_keeping.h"

#include <ATen/ATen.h>

#include "sfumato/sampling/ode.h"

namespace sfumato {

at::Tensor sample_keeping(Sampler run, const Denoiser& denoise, at::Tensor x,
                          std::span<const double> sigmas, const SamplerEnv& env,
                          const at::Tensor& known, const at::Tensor& mask) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    SamplerEnv own = env;
    own.on_step = [&](const Step& step) { env.on_step({i, count, step.sigma, step.denoised}); };
    const double from = sigmas[i];
    const at::Tensor noisy = known + from * fresh_noise(env, from, sigmas[i + 1]);
    x = run(denoise, mask * noisy + (1.0 - mask) * x, sigmas.subspan(i, 2), own);
  }
  return x;
}

}  // namespace sfumato
