#include "sfumato/sampling/grid_singlestep.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"

namespace sfumato {

at::Tensor grid_singlestep(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                           const SamplerEnv& env, const GridSinglestepOptions& o) {
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  if (static_cast<int>(o.orders.size()) != count || o.orders.empty() || o.orders[0] != 1) {
    throw Error(ErrorKind::InvalidArgument, "singlestep solver: an order is needed for every step");
  }
  at::Tensor start;               // where the group started
  std::vector<at::Tensor> group;  // its estimates, oldest first
  int first = 0;                  // the index of its first level
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;
    if (rests(from, to)) return x;

    if (o.orders[i] == 1) {
      start = x;
      first = i;
      group.clear();
    }
    group.push_back(o.predict_x0 ? denoised : slope(x, denoised, from));
    const double h = std::log(sigmas[first] / to), s = o.predict_x0 ? -h : h;
    const double psi1 = std::expm1(s), psi2 = psi1 / s - 1.0, psi3 = psi2 / s - 0.5;
    const at::Tensor& m = group[0];
    at::Tensor sum = psi1 * m;
    if (i > first) {
      const double r0 = std::log(sigmas[first] / from) / h;
      const at::Tensor d0 = (group.back() - m) / r0;
      if (i == first + 1) {
        sum = sum + (o.heun ? psi2 : 0.5 * psi1) * d0;
      } else if (!o.heun) {
        sum = sum + psi2 * d0;
      } else {
        const double r1 = std::log(sigmas[first] / sigmas[first + 1]) / h;
        const at::Tensor d1 = (group[1] - m) / r1;
        sum = sum + (psi2 * (r0 * d1 - r1 * d0) + 2.0 * psi3 * (d0 - d1)) / (r0 - r1);
      }
    }
    x = o.predict_x0 ? (to / sigmas[first]) * start - sum : start - to * sum;
  }
  return x;
}

std::vector<int> grid_orders(int steps, int order, bool to_zero) {
  std::vector<int> orders;
  // A rest as long as a group is split, so that the end has low orders.
  const int whole = steps % order == 0 ? steps / order - 1 : steps / order;
  for (int g = 0; g < whole; ++g) {
    for (int k = 1; k <= order; ++k) orders.push_back(k);
  }
  const int rest = steps - static_cast<int>(orders.size());
  if (order == 1) {
    orders.assign(static_cast<std::size_t>(steps), 1);
  } else if (rest == order) {
    for (int k = 1; k < order; ++k) orders.push_back(k);
    orders.push_back(1);
  } else {
    for (int k = 1; k <= rest; ++k) orders.push_back(k);
  }
  if (to_zero && !orders.empty()) orders.back() = 1;
  return orders;
}

}  // namespace sfumato
