#include "sfumato/sampling/unipc.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"

namespace sfumato {
namespace {

using Matrix = std::vector<std::vector<double>>;

// Gauss-Jordan with the largest pivot; at most 3 x 3.
std::vector<double> solve(Matrix a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t r = column + 1; r < n; ++r) {
      if (std::abs(a[r][column]) > std::abs(a[pivot][column])) pivot = r;
    }
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == column) continue;
      const double factor = a[r][column] / a[column][column];
      for (std::size_t c = column; c < n; ++c) a[r][c] -= factor * a[column][c];
      b[r] -= factor * b[column];
    }
  }
  for (std::size_t r = 0; r < n; ++r) b[r] /= a[r][r];
  return b;
}

double factorial(int n) { return n < 2 ? 1.0 : n * factorial(n - 1); }

// φ-functions times powers of the step: phi[0] = e^s - 1, phi[k] = phi[k-1] / s - 1 / k!.
std::vector<double> phis(double s, int count) {
  std::vector<double> phi{std::expm1(s)};
  for (int k = 1; k < count; ++k) phi.push_back(phi.back() / s - 1.0 / factorial(k));
  return phi;
}

// Weights of the differences (m_k - m_0) / r_k over a step of exponent s. `r` are their places in
// units of the step, 1 the end of it, which only the corrector has.
std::vector<double> bh_weights(const std::vector<double>& r, double s, bool bh2) {
  const auto n = static_cast<int>(r.size());
  const double scale = bh2 ? std::expm1(s) : s;
  // One unknown: the simple form of the paper's code, for predictor and corrector.
  if (n == 1) return {0.5 * scale};
  const auto phi = phis(s, n + 1);
  Matrix powers;
  std::vector<double> b;
  for (int i = 0; i < n; ++i) {
    powers.emplace_back();
    for (const double place : r) powers.back().push_back(std::pow(place, i));
    b.push_back(phi[i + 1] * factorial(i + 1));
  }
  return solve(powers, b);
}

std::vector<double> vary_weights(const std::vector<double>& r, double s, bool corrector) {
  const auto n = static_cast<int>(r.size());
  const auto phi = phis(s, n + 1);
  // w = phi . C^-1 with C[i][k] = r_i^k / (k + 1)!, that is C^T w = phi.
  Matrix transposed;
  for (int k = 0; k < n; ++k) {
    transposed.emplace_back();
    for (const double place : r) transposed.back().push_back(std::pow(place, k) / factorial(k + 1));
  }
  const std::vector<double> all(phi.begin() + 1, phi.end());
  if (!corrector) return solve(transposed, all);
  // The original leaves the last function out of the old differences, and multiplies the new one
  // with it and the row before the last.
  auto without_last = all;
  without_last.back() = 0.0;
  auto weights = solve(transposed, without_last);
  std::vector<double> row(all.size(), 0.0);
  row[static_cast<std::size_t>(std::max(n - 2, 0))] = all.back();
  weights.back() = solve(transposed, row).back();
  return weights;
}

struct UniPcEstimate {
  at::Tensor value;  // D, or the noise
  double lambda;
};

// One step from history[0] to σ = to; `end` is the estimate there when it is known (corrector).
at::Tensor advance(const at::Tensor& x, const std::vector<UniPcEstimate>& history, int order,
                   double to, const at::Tensor* end, const UniPcOptions& o) {
  const double lambda = history[0].lambda, h = -std::log(to) - lambda;
  const double s = o.predict_x0 ? -h : h;
  const at::Tensor& m0 = history[0].value;
  std::vector<double> places;
  std::vector<at::Tensor> differences;
  for (int k = 1; k < order; ++k) {
    places.push_back((history[k].lambda - lambda) / h);
    differences.push_back((history[k].value - m0) / places.back());
  }
  if (end) {
    places.push_back(1.0);
    differences.push_back(*end - m0);
  }
  at::Tensor sum = std::expm1(s) * m0;
  if (!places.empty()) {
    const auto weights = o.variant == UniPcVariant::VaryCoeff
                             ? vary_weights(places, s, end != nullptr)
                             : bh_weights(places, s, o.variant == UniPcVariant::Bh2);
    for (std::size_t k = 0; k < weights.size(); ++k) sum = sum + weights[k] * differences[k];
  }
  return o.predict_x0 ? std::exp(-h) * x - sum : x - to * sum;
}

}  // namespace

at::Tensor unipc(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                 const SamplerEnv& env, const UniPcOptions& o) {
  const int count = check_sigmas(sigmas, LastStep::MayRest);
  if (o.order < 1 || o.order > 3) {
    throw Error(ErrorKind::InvalidArgument,
                "UniPC: order must be 1..3, got " + std::to_string(o.order));
  }
  std::vector<UniPcEstimate> history;  // newest first, at most three
  at::Tensor before;                   // the latent that the last step started from
  int order = 1;                       // of the last step
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) return denoised;

    const at::Tensor value = o.predict_x0 ? denoised : slope(x, denoised, from);
    const bool skipped = std::count(o.uncorrected.begin(), o.uncorrected.end(), i - 1) > 0;
    if (i > 0 && !skipped) x = advance(before, history, order, from, &value, o);
    if (rests(from, to)) return x;

    history.insert(history.begin(), {value, -std::log(from)});
    if (history.size() > 3) history.pop_back();
    order = std::min(o.order, i + 1);
    if (o.taper) order = std::min(order, count - i);
    before = x;
    x = advance(before, history, order, to, nullptr, o);
  }
  return x;
}

}  // namespace sfumato
