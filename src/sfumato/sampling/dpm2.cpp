#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {
namespace {

// One step of the midpoint rule, the midpoint being that of log σ (Karras et al. 2022, app. C.1;
// DPM-Solver-2 of Lu et al. 2022, arXiv:2206.00927).
at::Tensor midpoint_step(const Denoiser& denoise, const at::Tensor& x, const at::Tensor& denoised,
                         double from, double to) {
  const double middle = std::sqrt(from * to);
  const at::Tensor halfway = x + (middle - from) * slope(x, denoised, from);
  return x + (to - from) * slope(halfway, denoise(halfway, middle), middle);
}

}  // namespace

at::Tensor dpm_2(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                 const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double to = sigmas[i + 1];
    const auto [noisy, from] = churn(x, sigmas[i], to, count, env);
    const at::Tensor denoised = denoise(noisy, from);
    env.on_step({i, count, sigmas[i], denoised});
    x = to == 0.0 ? denoised : midpoint_step(denoise, noisy, denoised, from, to);
  }
  return x;
}

at::Tensor dpm_2_ancestral(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                           const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    const auto [down, up] = ancestral_step(from, to, eta);
    x = down == 0.0 ? denoised : midpoint_step(denoise, x, denoised, from, down);
    if (up > 0.0) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

}  // namespace sfumato
