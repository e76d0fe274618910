#include "sfumato/sampling/dpm_solver.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"

namespace sfumato {
namespace {

// What the solver extrapolates: D or the noise, and λ where it was taken.
struct Estimate {
  at::Tensor value;
  double lambda;
};

// ψ1 m0 + ψ2 m' + ψ3 m'': the exponentially weighted integral of the estimate over a step, whose
// derivatives are differences of the last estimates. `s` is the exponent of the step.
at::Tensor integral(const std::vector<Estimate>& newest_first, int order, double h, double s,
                    bool heun) {
  const double psi1 = std::expm1(s), psi2 = psi1 / s - 1.0, psi3 = psi2 / s - 0.5;
  const auto& m = newest_first;
  at::Tensor sum = psi1 * m[0].value;
  if (order == 1) return sum;
  const double r0 = (m[0].lambda - m[1].lambda) / h;
  const at::Tensor d0 = (m[0].value - m[1].value) / r0;
  if (order == 2) return sum + (heun ? psi2 : 0.5 * psi1) * d0;
  const double r1 = (m[1].lambda - m[2].lambda) / h;
  const at::Tensor change = d0 - (m[1].value - m[2].value) / r1;
  return sum + psi2 * (d0 + r0 / (r0 + r1) * change) + psi3 / (r0 + r1) * change;
}

}  // namespace

at::Tensor dpm_solver_multistep(const Denoiser& denoise, at::Tensor x,
                                std::span<const double> sigmas, const SamplerEnv& env,
                                const DpmSolverOptions& o) {
  if (o.order < 1 || o.order > 3 || (o.eta > 0.0 && !o.predict_x0)) {
    throw Error(ErrorKind::InvalidArgument,
                "DPM-Solver: order must be 1..3 and noise needs the x0 form, got order " +
                    std::to_string(o.order));
  }
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  std::vector<Estimate> estimates;  // newest first, at most three
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;
    if (rests(from, to)) return x;

    estimates.insert(estimates.begin(),
                     {o.predict_x0 ? denoised : slope(x, denoised, from), -std::log(from)});
    if (estimates.size() > 3) estimates.pop_back();
    int order = std::min(o.order, i + 1);
    if (o.taper) order = std::min(order, count - i);
    if (o.euler_at_final && i + 1 == count) order = 1;

    const double h = std::log(from / to);
    const double exponent = o.predict_x0 ? -h * (1.0 + o.eta) : h;
    const double keep = o.predict_x0 ? to / from * std::exp(-o.eta * h) : 1.0;
    const double unit = o.predict_x0 ? 1.0 : to;
    x = keep * x - unit * integral(estimates, order, h, exponent, o.heun);
    if (o.eta > 0.0) {
      x = x + to * std::sqrt(-std::expm1(-2.0 * o.eta * h)) * fresh_noise(env, from, to);
    }
  }
  return x;
}

}  // namespace sfumato
