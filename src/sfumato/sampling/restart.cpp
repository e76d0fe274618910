#include "sfumato/sampling/restart.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato {
namespace {

std::size_t nearest_level(std::span<const double> sigmas, double sigma) {
  const auto closer = [sigma](double a, double b) {
    return std::abs(a - sigma) < std::abs(b - sigma);
  };
  return std::min_element(sigmas.begin(), sigmas.end(), closer) - sigmas.begin();
}

struct Interval {
  double from, to;
};

std::vector<Interval> plan(std::span<const double> sigmas, std::span<const Restart> restarts) {
  std::vector<Interval> steps;
  for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
    steps.push_back({sigmas[i], sigmas[i + 1]});
    for (const Restart& restart : restarts) {
      const std::size_t top = nearest_level(sigmas, restart.high);
      if (nearest_level(sigmas, restart.low) != i + 1 || top >= i + 1) continue;
      const auto detour = karras_sigmas(restart.levels, sigmas[i + 1], sigmas[top]);
      for (int time = 0; time < restart.times; ++time) {
        for (std::size_t k = 0; k + 1 < detour.size(); ++k) {
          steps.push_back({detour[k], detour[k + 1]});
        }
      }
    }
  }
  return steps;
}

}  // namespace

at::Tensor heun_with_restarts(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                              const SamplerEnv& env, std::span<const Restart> restarts) {
  check_sigmas(sigmas);
  const auto steps = plan(sigmas, restarts);
  const int count = static_cast<int>(steps.size());
  double level = sigmas.front();
  for (int i = 0; i < count; ++i) {
    const auto [from, to] = steps[static_cast<std::size_t>(i)];
    // The end of a detour may differ from the level it returns to by rounding.
    if (!rests(from, level)) {
      x = x + std::sqrt(from * from - level * level) * fresh_noise(env, level, from);
    }
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) {
      x = denoised;
    } else {
      const at::Tensor at_start = slope(x, denoised, from);
      const at::Tensor guess = x + (to - from) * at_start;
      x = x + (to - from) * 0.5 * (at_start + slope(guess, denoise(guess, to), to));
    }
    level = to;
  }
  return x;
}

// The web interface's choice: from 20 steps on, a part of them is spent between σ = 0.1 and 2, and
// the rest is spread anew after Karras et al.
at::Tensor restart(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                   const SamplerEnv& env) {
  const int steps = check_sigmas(sigmas);
  if (steps < 20 || sigmas.back() > 0.0) {
    return heun_with_restarts(denoise, std::move(x), sigmas, env, {});
  }
  const int detour = steps >= 36 ? steps / 4 : 9, times = steps >= 36 ? 2 : 1;
  auto levels = karras_sigmas(steps - detour * times, sigmas[sigmas.size() - 2], sigmas.front());
  levels.push_back(0.0);
  const Restart around{.low = 0.1, .high = 2.0, .levels = detour + 1, .times = times};
  return heun_with_restarts(denoise, std::move(x), levels, env, std::span(&around, 1));
}

}  // namespace sfumato
