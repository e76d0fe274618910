#include "sfumato/sampling/multistep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "sfumato/sampling/ode.h"

namespace sfumato {
namespace {

// The classical method of order 4; `k1` is the slope at the start.
at::Tensor runge_kutta_step(const Denoiser& denoise, const at::Tensor& x, const at::Tensor& k1,
                            double from, double middle, double to) {
  const auto slope_at = [&](const at::Tensor& k, double sigma) {
    const at::Tensor there = x + (sigma - from) * k;
    return slope(there, denoise(there, sigma), sigma);
  };
  const at::Tensor k2 = slope_at(k1, middle), k3 = slope_at(k2, middle), k4 = slope_at(k3, to);
  return x + (to - from) / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
}

}  // namespace

at::Tensor linear_multistep(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                            const SamplerEnv& env, const MultistepOptions& o) {
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  std::vector<at::Tensor> slopes;  // newest first
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (rests(from, to)) return x;

    slopes.insert(slopes.begin(), slope(x, denoised, from));
    if (static_cast<int>(slopes.size()) > o.order) slopes.pop_back();
    if (o.start == MultistepOptions::Start::RungeKutta && i + 1 < o.order && to > 0.0) {
      const double middle = o.middle ? o.middle(from, to) : 0.5 * (from + to);
      x = runge_kutta_step(denoise, x, slopes[0], from, middle, to);
      continue;
    }
    if (i == 0 && o.start == MultistepOptions::Start::Heun && to > 0.0) {
      const at::Tensor guess = x + (to - from) * slopes[0];
      x = x + (to - from) * 0.5 * (slopes[0] + slope(guess, denoise(guess, to), to));
      continue;
    }
    int order = std::min(o.order, i + 1);
    if (o.taper) order = std::min(order, count - i);
    const auto weights = o.weights(sigmas, i, order);
    for (std::size_t j = 0; j < weights.size(); ++j) x = x + weights[j] * slopes[j];
  }
  return x;
}

}  // namespace sfumato
