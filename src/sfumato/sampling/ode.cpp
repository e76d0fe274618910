#include "sfumato/sampling/ode.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr double kRest = 1e-6;  // steps shorter than this share of σ are rounding errors

}  // namespace

at::Tensor slope(const at::Tensor& x, const at::Tensor& denoised, double sigma) {
  return (x - denoised) / sigma;
}

at::Tensor along(const at::Tensor& x, const at::Tensor& denoised, double from, double to,
                 const SamplerEnv& env) {
  if (env.direction) return denoised + to * slope(x, env.direction(), from);
  return x + (to - from) * slope(x, denoised, from);
}

AncestralStep ancestral_step(double from, double to, double eta) {
  const double up = eta * to * std::sqrt(from * from - to * to) / from;
  if (up >= to) return {.down = 0.0, .up = to};
  return {.down = std::sqrt(to * to - up * up), .up = up};
}

Churned churn(const at::Tensor& x, double from, double to, int count, const SamplerEnv& env) {
  const Churn& c = env.churn;
  if (c.amount <= 0.0 || from < c.min_sigma || from > c.max_sigma) return {x, from};
  const double gamma = std::min(c.amount / count, std::sqrt(2.0) - 1.0);
  const double sigma = from * (1.0 + gamma);
  return {x + std::sqrt(sigma * sigma - from * from) * fresh_noise(env, from, to), sigma};
}

int check_sigmas(std::span<const double> sigmas, LastStep last) {
  if (sigmas.size() < 2) {
    throw Error(ErrorKind::InvalidArgument,
                "sampler: needs at least two noise levels, got " + std::to_string(sigmas.size()));
  }
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    const bool may_rest = last == LastStep::MayRest && i > 1 && i + 1 == sigmas.size();
    const bool falls = i == 0 || sigmas[i] < sigmas[i - 1] ||
                       (may_rest && sigmas[i] <= sigmas[i - 1] * (1.0 + kRest));
    if (!falls || !std::isfinite(sigmas[i]) || sigmas[i] < 0.0) {
      throw Error(ErrorKind::InvalidArgument,
                  "sampler: noise levels must decrease towards 0, level " + std::to_string(i) +
                      " is " + std::to_string(sigmas[i]));
    }
  }
  return static_cast<int>(sigmas.size()) - 1;
}

bool rests(double from, double to) { return to > 0.0 && to >= from * (1.0 - kRest); }

at::Tensor fresh_noise(const SamplerEnv& env, double sigma, double sigma_next) {
  if (!env.noise) {
    throw Error(ErrorKind::InvalidArgument, "sampler: this sampler needs a source of noise",
                "give a seed, or set eta and churn to 0");
  }
  return env.noise_scale * env.noise(sigma, sigma_next);
}

}  // namespace sfumato
