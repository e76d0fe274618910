#include "sfumato/sampling/slope_weights.h"

#include <cmath>

#include "sfumato/sampling/lagrange.h"

namespace sfumato {
namespace {

double step_length(std::span<const double> sigmas, int step) {
  return sigmas[step + 1] - sigmas[step];
}

// The last `order` levels before the step's end, newest first.
std::vector<double> nodes(std::span<const double> sigmas, int step, int order,
                          double (*variable)(double)) {
  std::vector<double> u;
  for (int k = 0; k < order; ++k) u.push_back(variable(sigmas[step - k]));
  return u;
}

// The variance-preserving process whose noise grows from 0.002 at t = 0.001 to 80 at t = 1
// (Karras et al. 2022, app. C.3.2): ᾱ(t) = exp(-β_d t²/2 - β_min t).
struct VpTime {
  double beta_d, beta_min;
  double of(double sigma) const {
    const double root = beta_min * beta_min + 2.0 * beta_d * std::log1p(sigma * sigma);
    return (std::sqrt(root) - beta_min) / beta_d;
  }
  // dσ/dt
  double speed(double t) const {
    const double exponent = -0.5 * t * t * beta_d - t * beta_min;
    return 0.5 * (t * beta_d + beta_min) / std::sqrt(std::exp(exponent) * -std::expm1(exponent));
  }
};

VpTime vp_time() {
  constexpr double kStart = 1e-3, kLow = 0.002, kHigh = 80.0;
  const double low = std::log1p(kLow * kLow), high = std::log1p(kHigh * kHigh);
  const double beta_d = 2.0 * (low / kStart - high) / (kStart - 1.0);
  return {.beta_d = beta_d, .beta_min = high - 0.5 * beta_d};
}

}  // namespace

std::vector<double> lms_weights(std::span<const double> sigmas, int step, int order) {
  const auto u = nodes(sigmas, step, order, [](double sigma) { return sigma; });
  return lagrange_integrals(u, u[0], sigmas[step + 1], [](double) { return 1.0; });
}

std::vector<double> ipndm_weights(std::span<const double> sigmas, int step, int order) {
  const double h = step_length(sigmas, step);
  switch (order) {
    case 1:
      return {h};
    case 2:
      return {h * 3.0 / 2.0, -h / 2.0};
    case 3:
      return {h * 23.0 / 12.0, -h * 16.0 / 12.0, h * 5.0 / 12.0};
    default:
      return {h * 55.0 / 24.0, -h * 59.0 / 24.0, h * 37.0 / 24.0, -h * 9.0 / 24.0};
  }
}

std::vector<double> plms_weights(std::span<const double> sigmas, int step, int order) {
  return ipndm_weights(sigmas, step, sigmas[step + 1] == 0.0 ? 1 : order);
}

// The cancelling factors in `third` are the original's: its authors meant another formula, but
// pictures were made with this one.
std::vector<double> ipndm_v_weights(std::span<const double> sigmas, int step, int order) {
  const double h = step_length(sigmas, step);
  if (order == 1) return {h};
  const double h1 = step_length(sigmas, step - 1);
  double a = 1.0 + h / h1 / 2.0, b = -h / h1 / 2.0;
  if (order == 2) return {h * a, h * b};

  const double h2 = step_length(sigmas, step - 2);
  const double third = (1.0 - h / (3.0 * (h + h1)) * (h * (h + h1)) / (h1 * (h1 + h2))) / 2.0;
  a += third;
  b -= (1.0 + h1 / h2) * third;
  double c = third * h1 / h2;
  if (order == 3) return {h * a, h * b, h * c};

  const double h3 = step_length(sigmas, step - 3);
  const double ratio = h1 * (h1 + h2) / (h2 * (h2 + h3));
  const double fourth = ((1.0 - h / (3.0 * (h + h1))) / 2.0 +
                         (1.0 - h / (2.0 * (h + h1))) * h / (6.0 * (h + h1 + h2))) *
                        (h * (h + h1) * (h + h1 + h2)) / (h1 * (h1 + h2) * (h1 + h2 + h3));
  a += fourth;
  b -= (1.0 + h1 / h2 + ratio) * fourth;
  c += (h1 / h2 + ratio * (1.0 + h2 / h3)) * fourth;
  return {h * a, h * b, h * c, -h * fourth * ratio * h1 / h2};
}

std::vector<double> deis_weights(std::span<const double> sigmas, int step, int order) {
  constexpr int kSamples = 10'000;
  if (order == 1 || sigmas[step + 1] == 0.0) return {step_length(sigmas, step)};
  const VpTime time = vp_time();
  std::vector<double> t;
  for (int k = 0; k < order; ++k) t.push_back(time.of(sigmas[step - k]));
  const double length = time.of(sigmas[step + 1]) - t[0];
  std::vector<double> weights(t.size(), 0.0);
  for (int i = 0; i < kSamples; ++i) {
    const double at = t[0] + length * i / (kSamples - 1);
    const double speed = time.speed(at) * length / kSamples;
    for (std::size_t j = 0; j < t.size(); ++j) weights[j] += speed * lagrange(t, j, at);
  }
  return weights;
}

std::vector<double> deis_log_weights(std::span<const double> sigmas, int step, int order) {
  if (order == 1 || sigmas[step + 1] == 0.0) return {step_length(sigmas, step)};
  const auto u = nodes(sigmas, step, order, [](double sigma) { return std::log(sigma); });
  return lagrange_integrals(u, u[0], std::log(sigmas[step + 1]),
                            [](double v) { return std::exp(v); });
}

std::vector<double> gradient_estimation_weights(std::span<const double> sigmas, int step,
                                                int order) {
  const double h = step_length(sigmas, step);
  if (order == 1 || sigmas[step + 1] == 0.0) return {h};
  return {2.0 * h, -h};
}

}  // namespace sfumato
