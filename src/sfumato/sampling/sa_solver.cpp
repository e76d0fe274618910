#include "sfumato/sampling/sa_solver.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/lagrange.h"
#include "sfumato/sampling/ode.h"

namespace sfumato {
namespace {

struct PastEstimate {
  at::Tensor denoised;
  double lambda;
};

// A step from -> to in λ whose integral interpolates the newest `order` estimates.
struct AdamsStep {
  double from, to, tau;
  bool corrects;  // the newest estimate lies at the end of the step
};

std::vector<double> weights(const AdamsStep& step, const std::vector<double>& nodes,
                            bool simple_order_2) {
  const double m = 1.0 + step.tau * step.tau, h = step.to - step.from;
  auto w = lagrange_integrals(nodes, step.from, step.to,
                              [&](double u) { return m * std::exp(-m * (step.to - u)); });
  if (simple_order_2 && nodes.size() == 2) {
    const double tail = (h * m - 1.0 + std::exp(-m * h)) / (m * m);
    const double shift =
        step.corrects ? m * (0.5 * h - tail / h) : m * (0.5 * h * h - tail) / (nodes[0] - nodes[1]);
    w[0] += shift;
    w[1] -= shift;
  }
  return w;
}

at::Tensor advance(const at::Tensor& x, const AdamsStep& step,
                   const std::vector<PastEstimate>& newest_first, int order, bool simple_order_2) {
  std::vector<double> nodes;
  for (int k = 0; k < order; ++k) nodes.push_back(newest_first[k].lambda);
  const auto w = weights(step, nodes, simple_order_2);
  at::Tensor next = std::exp(-(1.0 + step.tau * step.tau) * (step.to - step.from)) * x;
  for (int k = 0; k < order; ++k) next = next + w[k] * newest_first[k].denoised;
  return next;
}

}  // namespace

at::Tensor sa_solver_with(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                          const SamplerEnv& env, const SaSolverOptions& o) {
  if (o.predictor_order < 1 || o.predictor_order > 4 || o.corrector_order < 1 ||
      o.corrector_order > 4) {
    throw Error(ErrorKind::InvalidArgument, "SA-Solver: orders must be 1..4, got " +
                                                std::to_string(o.predictor_order) + " and " +
                                                std::to_string(o.corrector_order));
  }
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  const int solved = count - (sigmas.back() == 0.0 ? 1 : 0);  // steps that are no mere D
  std::vector<PastEstimate> history;                          // newest first
  AdamsStep step{};
  at::Tensor before, noise;  // the latent the last step started from, and its noise
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;

    history.insert(history.begin(), {denoised, -std::log(from)});
    if (history.size() > 4) history.pop_back();
    if (i > 0) {
      const int order = std::min({o.corrector_order, i + 1, solved - i + o.corrector_tail});
      step.corrects = true;
      x = advance(before, step, history, order, o.simple_order_2);
      if (noise.defined()) x = x + noise;
    }
    if (rests(from, to)) return x;

    step = {-std::log(from), -std::log(to), o.tau(from, to), false};
    noise = at::Tensor();
    if (step.tau > 0.0) {
      const double damping = step.tau * step.tau * (step.to - step.from);
      noise = to * std::sqrt(-std::expm1(-2.0 * damping)) * fresh_noise(env, from, to);
    }
    before = x;
    const int order = std::min({o.predictor_order, i + 1, solved - i});
    x = advance(before, step, history, order, o.simple_order_2);
    if (noise.defined()) x = x + noise;
  }
  return x;
}

// With ComfyUI's habits: noise in the middle three fifths of the timesteps.
at::Tensor sa_solver(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                     const SamplerEnv& env) {
  if (!env.schedule) {
    throw Error(ErrorKind::InvalidArgument, "sampler sa_solver: needs the timesteps of the model",
                "pass the noise schedule in SamplerEnv");
  }
  const double high = env.schedule->sigma_at_progress(0.2);
  const double low = env.schedule->sigma_at_progress(0.8);
  const double eta = env.eta.value_or(1.0);
  SaSolverOptions options;
  options.tau = [=](double, double to) { return to <= high && to >= low ? eta : 0.0; };
  return sa_solver_with(denoise, std::move(x), sigmas, env, options);
}

}  // namespace sfumato
