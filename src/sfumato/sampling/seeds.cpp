#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {
namespace {

// Noise of one step, built up stage by stage: what the later stages see contains what the earlier
// ones saw, damped.
class StepNoise {
 public:
  StepNoise(const SamplerEnv& env, double eta) : env_(env), eta_(eta) {}

  // The noise at σ = to, after the stage from `from`, in units of the deviation there.
  at::Tensor extend(double from, double to) {
    const double damping = eta_ * std::log(from / to);
    const at::Tensor fresh = std::sqrt(-std::expm1(-2.0 * damping)) * fresh_noise(env_, from, to);
    sum_ = sum_.defined() ? std::exp(-damping) * sum_ + fresh : fresh;
    return to * sum_;
  }

 private:
  const SamplerEnv& env_;
  double eta_;
  at::Tensor sum_;
};

// The deterministic part of a stage from σ = from to σ = to with the estimate D + bend at its end;
// `bend` is weighted with the second φ-function.
struct Stage {
  double from, eta;
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& d, double to) const {
    return keep(to) * x - std::expm1(exponent(to)) * d;
  }
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& d, const at::Tensor& bend,
                        double to) const {
    const double s = exponent(to);
    return (*this)(x, d, to) - (std::expm1(s) / s - 1.0) * bend;
  }
  double exponent(double to) const { return -(1.0 + eta) * std::log(from / to); }
  double keep(double to) const { return std::pow(to / from, 1.0 + eta); }
};

double between(double from, double to, double share) { return from * std::pow(to / from, share); }

}  // namespace

// SEEDS-2 and SEEDS-3 (Gonzalez et al. 2023, arXiv:2305.14267), exponential Runge-Kutta methods for
// the reverse SDE; the data prediction form that ComfyUI uses, in σ notation.
at::Tensor seeds_2(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                   const SamplerEnv& env) {
  constexpr double kMiddle = 0.5;
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor d1 = denoise(x, from);
    env.on_step({i, count, from, d1});
    if (to == 0.0) return d1;

    const Stage stage{from, eta};
    StepNoise noise(env, eta);
    const double middle = between(from, to, kMiddle);
    at::Tensor x2 = stage(x, d1, middle);
    if (eta > 0.0) x2 = x2 + noise.extend(from, middle);
    const at::Tensor d2 = denoise(x2, middle);

    x = stage(x, d1 + 0.5 / kMiddle * (d2 - d1), to);
    if (eta > 0.0) x = x + noise.extend(middle, to);
  }
  return x;
}

at::Tensor seeds_3(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                   const SamplerEnv& env) {
  constexpr double kFirst = 1.0 / 3.0, kSecond = 2.0 / 3.0;
  const int count = check_sigmas(sigmas);
  const double eta = env.eta.value_or(1.0);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor d1 = denoise(x, from);
    env.on_step({i, count, from, d1});
    if (to == 0.0) return d1;

    const Stage stage{from, eta};
    StepNoise noise(env, eta);
    const double first = between(from, to, kFirst), second = between(from, to, kSecond);
    at::Tensor x2 = stage(x, d1, first);
    if (eta > 0.0) x2 = x2 + noise.extend(from, first);
    const at::Tensor d2 = denoise(x2, first);

    at::Tensor x3 = stage(x, d1, kSecond / kFirst * (d2 - d1), second);
    if (eta > 0.0) x3 = x3 + noise.extend(first, second);
    const at::Tensor d3 = denoise(x3, second);

    x = stage(x, d1, (d3 - d1) / kSecond, to);
    if (eta > 0.0) x = x + noise.extend(second, to);
  }
  return x;
}

}  // namespace sfumato
