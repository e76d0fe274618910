#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/sampling/dpm_solver.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

// RES, the refined exponential solver (Zhang et al. 2023, arXiv:2308.02157), in its multistep form
// of second order. Without noise this is DPM-Solver++(2M) with the integral of the slope.
at::Tensor res_multistep(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                         const SamplerEnv& env) {
  return dpm_solver_multistep(denoise, std::move(x), sigmas, env, {.order = 2, .heun = true});
}

// With noise the steps go to the lower level that the noise starts from, and the place of the step
// before is counted from there (ComfyUI).
at::Tensor res_multistep_ancestral(const Denoiser& denoise, at::Tensor x,
                                   std::span<const double> sigmas, const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  at::Tensor last;
  double last_down = 0.0;
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    const auto [down, up] = ancestral_step(from, to, eta);
    if (down == 0.0) {
      x = denoised;
    } else if (!last.defined()) {
      x = x + (down - from) * slope(x, denoised, from);
    } else {
      const double h = std::log(from / down);
      const double place = std::log(last_down / sigmas[i - 1]) / h;  // below 0
      const double phi1 = -std::expm1(-h) / h, phi2 = (1.0 - phi1) / h;
      const double old = place != 0.0 ? phi2 / place : 0.0;
      x = std::exp(-h) * x + h * ((phi1 - old) * denoised + old * last);
    }
    if (up > 0.0) x = x + up * fresh_noise(env, from, to);
    last = denoised;
    last_down = down;
  }
  return x;
}

}  // namespace sfumato
