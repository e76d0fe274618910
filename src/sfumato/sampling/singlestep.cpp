#include "sfumato/sampling/singlestep.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sfumato/sampling/ode.h"

namespace sfumato {

SinglestepSolver::SinglestepSolver(const Denoiser& denoise, at::Tensor x, double sigma,
                                   bool predict_x0)
    : denoise_(denoise), x_(std::move(x)), sigma_(sigma), predict_x0_(predict_x0) {
  denoised_ = denoise_(x_, sigma_);
  start_ = predict_x0_ ? denoised_ : slope(x_, denoised_, sigma_);
}

double SinglestepSolver::exponent(double to) const {
  const double h = std::log(sigma_ / to);
  return predict_x0_ ? -h : h;
}

at::Tensor SinglestepSolver::move(double to, const at::Tensor& integral) const {
  return predict_x0_ ? (to / sigma_) * x_ - integral : x_ - to * integral;
}

at::Tensor SinglestepSolver::estimate(const at::Tensor& x, double sigma) const {
  const at::Tensor denoised = denoise_(x, sigma);
  return predict_x0_ ? denoised : slope(x, denoised, sigma);
}

const at::Tensor& SinglestepSolver::middle(double sigma) {
  if (middle_sigma_ != sigma) {
    middle_ = estimate(first(sigma), sigma);
    middle_sigma_ = sigma;
  }
  return middle_;
}

at::Tensor SinglestepSolver::first(double to) const {
  return move(to, std::expm1(exponent(to)) * start_);
}

at::Tensor SinglestepSolver::second(double to, double r1) {
  const double s = exponent(to);
  const at::Tensor m1 = middle(sigma_ * std::pow(to / sigma_, r1));
  return move(to, std::expm1(s) * (start_ + 0.5 / r1 * (m1 - start_)));
}

at::Tensor SinglestepSolver::third(double to, double r1, double r2) {
  const auto psi2 = [](double s) { return std::expm1(s) / s - 1.0; };
  const double s = exponent(to), far = sigma_ * std::pow(to / sigma_, r2);
  const at::Tensor m1 = middle(sigma_ * std::pow(to / sigma_, r1));
  const at::Tensor bend = r2 / r1 * psi2(r2 * s) * (m1 - start_);
  const at::Tensor m2 = estimate(move(far, std::expm1(r2 * s) * start_ + bend), far);
  return move(to, std::expm1(s) * start_ + psi2(s) / r2 * (m2 - start_));
}

at::Tensor SinglestepSolver::step(int order, double to) {
  return order == 1 ? first(to) : order == 2 ? second(to) : third(to);
}

std::vector<int> singlestep_orders(int calls, int order) {
  std::vector<int> orders;
  if (order == 3 && calls % 3 == 0) {
    orders.assign(static_cast<std::size_t>(std::max(calls / 3 - 1, 0)), 3);
    if (calls > 0) orders.insert(orders.end(), {2, 1});
    return orders;
  }
  orders.assign(static_cast<std::size_t>(calls / order), order);
  if (calls % order != 0) orders.push_back(calls % order);
  return orders;
}

at::Tensor singlestep_run(const Denoiser& denoise, at::Tensor x, std::span<const double> levels,
                          std::span<const int> orders, const SamplerEnv& env,
                          const SinglestepOptions& o) {
  const int count = check_sigmas(levels);
  const double end = levels.back();
  for (int i = 0; i < count; ++i) {
    const double from = levels[i], to = levels[i + 1];
    const double down = std::max(end, ancestral_step(from, to, o.eta).down);
    SinglestepSolver solver(denoise, x, from, o.predict_x0);
    env.on_step({i, count, from, solver.denoised()});
    x = solver.step(orders[i], down);
    const double up = std::sqrt(std::max(to * to - down * down, 0.0));
    if (o.eta > 0.0 && up > 0.0) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

namespace {

// Where a run of a solver of its own steps ends: the last level above 0.
double last_level(std::span<const double> sigmas) {
  return sigmas.back() > 0.0 ? sigmas.back() : sigmas[sigmas.size() - 2];
}

}  // namespace

at::Tensor dpm_fast(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                    const SamplerEnv& env) {
  const int calls = check_sigmas(sigmas);
  const double start = sigmas.front(), end = last_level(sigmas);
  if (start == end) {
    const at::Tensor denoised = denoise(x, start);
    env.on_step({0, 1, start, denoised});
    return denoised;
  }
  const auto orders = singlestep_orders(calls, 3);
  std::vector<double> levels;
  for (std::size_t i = 0; i <= orders.size(); ++i) {
    levels.push_back(start * std::pow(end / start, static_cast<double>(i) / orders.size()));
  }
  return singlestep_run(denoise, std::move(x), levels, orders, env,
                        {.predict_x0 = false, .eta = env.eta.value_or(0.0)});
}

at::Tensor dpm_adaptive(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                        const SamplerEnv& env) {
  check_sigmas(sigmas);
  const double start = sigmas.front(), end = last_level(sigmas);
  if (start == end) {
    const at::Tensor denoised = denoise(x, start);
    env.on_step({0, 1, start, denoised});
    return denoised;
  }
  AdaptiveOptions options;
  options.eta = env.eta.value_or(0.0);
  return dpm_solver_adaptive(denoise, std::move(x), start, end, env, options).x;
}

}  // namespace sfumato
