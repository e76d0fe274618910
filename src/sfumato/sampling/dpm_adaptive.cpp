#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/singlestep.h"

namespace sfumato {
namespace {

// A PID controller of step lengths (Söderlind 2003), as k-diffusion has it: the new length is the
// old one times a smoothly limited product of powers of the last three errors.
class StepControl {
 public:
  StepControl(const AdaptiveOptions& o, double order)
      : step_(o.first_step),
        powers_{(o.proportional + o.integral + o.derivative) / order,
                -(o.proportional + 2.0 * o.derivative) / order, o.derivative / order},
        accept_(o.accept) {}

  double step() const { return step_; }

  bool propose(double error) {
    const double inverse = 1.0 / (error + 1e-8);
    if (!started_) errors_ = {inverse, inverse, inverse};
    started_ = true;
    errors_[0] = inverse;
    double factor = 1.0;
    for (std::size_t k = 0; k < 3; ++k) factor *= std::pow(errors_[k], powers_[k]);
    factor = 1.0 + std::atan(factor - 1.0);
    const bool accepted = factor >= accept_;
    if (accepted) errors_ = {errors_[0], errors_[0], errors_[1]};
    step_ *= factor;
    return accepted;
  }

 private:
  double step_;
  std::array<double, 3> powers_;
  double accept_;
  std::array<double, 3> errors_{};
  bool started_ = false;
};

struct Trial {
  at::Tensor low, high;  // the same step with two orders
};
Trial attempt(SinglestepSolver& solver, int order, double to) {
  if (order == 2) return {solver.first(to), solver.second(to)};
  return {solver.second(to, 1.0 / 3.0), solver.third(to)};
}

at::Tensor tolerance(const at::Tensor& a, const at::Tensor& b, const AdaptiveOptions& o) {
  return (o.relative * at::maximum(a.abs(), b.abs())).clamp_min(o.absolute);
}

void check(const AdaptiveOptions& o, double from, double to) {
  if ((o.order == 2 || o.order == 3) && from > to && to > 0.0) return;
  throw Error(ErrorKind::InvalidArgument,
              "adaptive solver: order must be 2 or 3 and the noise must fall, got order " +
                  std::to_string(o.order));
}

[[noreturn]] void give_up(int steps) {
  throw Error(ErrorKind::Unsupported,
              "adaptive solver: not at the end after " + std::to_string(steps) + " steps",
              "choose a sampler with a fixed number of steps");
}

}  // namespace

AdaptiveResult dpm_solver_adaptive(const Denoiser& denoise, at::Tensor x, double from, double to,
                                   const SamplerEnv& env, const AdaptiveOptions& o) {
  check(o, from, to);
  StepControl control(o, o.eta > 0.0 ? 1.5 : o.order);
  AdaptiveResult result{.x = std::move(x)};
  at::Tensor previous = result.x;
  const double end = -std::log(to);
  double lambda = -std::log(from);
  while (lambda < end - 1e-5) {
    const int steps = result.accepted + result.rejected;
    if (steps >= o.most_steps) give_up(steps);
    const double next = std::min(end, lambda + control.step());
    const double sigma = std::exp(-lambda), level = std::exp(-next);
    const double down = std::max(to, ancestral_step(sigma, level, o.eta).down);
    SinglestepSolver solver(denoise, result.x, sigma, false);
    const auto [low, high] = attempt(solver, o.order, down);

    const at::Tensor scaled = (low - high) / tolerance(low, previous, o);
    if (!control.propose(scaled.square().mean().sqrt().item<double>())) {
      ++result.rejected;
      continue;
    }
    ++result.accepted;
    env.on_step({result.accepted - 1, result.accepted, sigma, solver.denoised()});
    previous = low;
    result.x = high;
    const double up = std::sqrt(std::max(level * level - down * down, 0.0));
    if (o.eta > 0.0) result.x = result.x + up * fresh_noise(env, sigma, level);
    lambda = next;
  }
  return result;
}

AdaptiveResult dpm_solver_adaptive_paper(const Denoiser& denoise, at::Tensor x, double from,
                                         double to, const SamplerEnv& env,
                                         const AdaptiveOptions& o) {
  constexpr double kSafety = 0.9;
  check(o, from, to);
  const auto preserving = [](const at::Tensor& v, double sigma) {
    return v / std::sqrt(1.0 + sigma * sigma);
  };
  AdaptiveResult result{.x = std::move(x)};
  at::Tensor previous = preserving(result.x, from);
  const double end = -std::log(to);
  double lambda = -std::log(from), h = o.first_step;
  while (lambda < end - 1e-5) {
    const int steps = result.accepted + result.rejected;
    if (steps >= o.most_steps) give_up(steps);
    const double sigma = std::exp(-lambda), level = std::exp(-lambda - h);
    SinglestepSolver solver(denoise, result.x, sigma, false);
    const auto [low, high] = attempt(solver, o.order, level);
    const at::Tensor low_vp = preserving(low, level), high_vp = preserving(high, level);

    const at::Tensor scaled = (high_vp - low_vp) / tolerance(low_vp, previous, o);
    const double error =
        scaled.square().flatten(1).mean(1).sqrt().max().item<double>();  // of the worst image
    if (error <= 1.0) {
      ++result.accepted;
      env.on_step({result.accepted - 1, result.accepted, sigma, solver.denoised()});
      result.x = high;
      previous = low_vp;
      lambda += h;
    } else {
      ++result.rejected;
    }
    h = std::min(kSafety * h * std::pow(std::max(error, 1e-30), -1.0 / o.order), end - lambda);
  }
  return result;
}

}  // namespace sfumato
