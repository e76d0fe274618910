#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {
namespace {

// How much noise the reverse SDE carries: the function that its authors recommend.
double noise_scale(double sigma) { return sigma * (std::exp(std::pow(sigma, 0.3)) + 10.0); }

// Sums of 1/φ and (σ - from)/φ over 200 points of a step, as the original integrates.
struct Integrals {
  double plain = 0.0, linear = 0.0;
};
Integrals integrals(double from, double to) {
  constexpr int kPoints = 200;
  const double width = (from - to) / kPoints;
  Integrals sum;
  for (int p = 0; p < kPoints; ++p) {
    const double sigma = to + p * width;
    sum.plain += width / noise_scale(sigma);
    sum.linear += width * (sigma - from) / noise_scale(sigma);
  }
  return sum;
}

}  // namespace

// Extended reverse-time SDE solver of order 3 (Cui et al. 2023, arXiv:2309.06169, algorithm 3), in
// σ notation.
at::Tensor er_sde(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                  const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  at::Tensor last, last_change;  // D of the step before, and its divided difference
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;

    const double r = noise_scale(to) / noise_scale(from), h = to - from;
    x = r * x + (1.0 - r) * denoised;
    if (i >= 1) {
      const auto [plain, linear] = integrals(from, to);
      const at::Tensor change = (denoised - last) / (from - sigmas[i - 1]);
      x = x + (h + plain * noise_scale(to)) * change;
      if (i >= 2) {
        const at::Tensor bend = (change - last_change) / ((from - sigmas[i - 2]) / 2.0);
        x = x + (0.5 * h * h + linear * noise_scale(to)) * bend;
      }
      last_change = change;
    }
    const double up = std::sqrt(std::max(to * to - from * from * r * r, 0.0));
    x = x + up * fresh_noise(env, from, to);
    last = denoised;
  }
  return x;
}

}  // namespace sfumato
