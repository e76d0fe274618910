#include "sfumato/sampling/beta_quantile.h"

#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

// The continued fraction of the incomplete beta function, DLMF 8.17.22, by Lentz's method.
double fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
  d = 1.0 / (std::abs(d) < kTiny ? kTiny : d);
  double value = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    double factor = 1.0;
    for (const double term : {even, odd}) {
      d = 1.0 + term * d;
      c = 1.0 + term / c;
      if (std::abs(d) < kTiny) d = kTiny;
      if (std::abs(c) < kTiny) c = kTiny;
      d = 1.0 / d;
      factor = c * d;
      value *= factor;
    }
    if (std::abs(factor - 1.0) < 1e-15) break;
  }
  return value;
}

// I_x(a, b), the share below x.
double share_below(double x, double a, double b) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  if (x < (a + 1.0) / (a + b + 2.0)) return front * fraction(x, a, b) / a;
  return 1.0 - front * fraction(1.0 - x, b, a) / b;
}

}  // namespace

double beta_quantile(double p, double a, double b) {
  if (!(p >= 0.0 && p <= 1.0 && a > 0.0 && b > 0.0)) {
    throw Error(ErrorKind::InvalidArgument,
                "beta distribution: expected a probability and positive parameters, got " +
                    std::to_string(p) + ", " + std::to_string(a) + ", " + std::to_string(b));
  }
  double low = 0.0, high = 1.0;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (share_below(middle, a, b) < p ? low : high) = middle;
  }
  return p <= 0.0 ? 0.0 : p >= 1.0 ? 1.0 : 0.5 * (low + high);
}

}  // namespace sfumato
