#include "sfumato/sampling/dpmpp_sde.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/singlestep.h"

namespace sfumato {

// DPM-Solver++(2S), Lu et al. 2022 (arXiv:2211.01095), algorithm 1, with ancestral noise.
at::Tensor dpmpp_2s_ancestral(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                              const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    SinglestepSolver solver(denoise, x, from, /*predict_x0=*/true);
    env.on_step({i, count, from, solver.denoised()});
    const auto [down, up] = ancestral_step(from, to, eta);
    x = down == 0.0 ? solver.denoised() : solver.second(down);
    if (up > 0.0) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

namespace {

// From x to the lower noise level `down` along D, exactly as if D were constant.
at::Tensor towards(const at::Tensor& x, const at::Tensor& denoised, double from, double down) {
  return (down / from) * x + (1.0 - down / from) * denoised;
}

}  // namespace

at::Tensor dpmpp_sde_at(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                        const SamplerEnv& env, double r) {
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;

    const double middle = from * std::pow(to / from, r);
    const auto [half_down, half_up] = ancestral_step(from, middle, eta);
    at::Tensor halfway = towards(x, denoised, from, half_down);
    if (half_up > 0.0) halfway = halfway + half_up * fresh_noise(env, from, middle);
    const at::Tensor there = denoise(halfway, middle);

    const auto [down, up] = ancestral_step(from, to, eta);
    x = towards(x, denoised + 0.5 / r * (there - denoised), from, down);
    if (up > 0.0) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

at::Tensor dpmpp_sde(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                     const SamplerEnv& env) {
  return dpmpp_sde_at(denoise, std::move(x), sigmas, env, 0.5);
}

}  // namespace sfumato
