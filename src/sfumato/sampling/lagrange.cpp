#include "sfumato/sampling/lagrange.h"

#include <array>

namespace sfumato {
namespace {

// Positive points and their weights; the negative ones mirror them.
constexpr std::array<double, 4> kPoints{0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                        0.9602898564975363};
constexpr std::array<double, 4> kShares{0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                        0.1012285362903763};

}  // namespace

double lagrange(const std::vector<double>& nodes, std::size_t j, double u) {
  double product = 1.0;
  for (std::size_t k = 0; k < nodes.size(); ++k) {
    if (k != j) product *= (u - nodes[k]) / (nodes[j] - nodes[k]);
  }
  return product;
}

std::vector<double> lagrange_integrals(const std::vector<double>& nodes, double begin, double end,
                                       const std::function<double(double)>& f) {
  const double middle = 0.5 * (begin + end), half = 0.5 * (end - begin);
  std::vector<double> integrals(nodes.size(), 0.0);
  for (std::size_t p = 0; p < kPoints.size(); ++p) {
    for (const double side : {-1.0, 1.0}) {
      const double u = middle + side * half * kPoints[p];
      const double weight = half * kShares[p] * f(u);
      for (std::size_t j = 0; j < nodes.size(); ++j) integrals[j] += weight * lagrange(nodes, j, u);
    }
  }
  return integrals;
}

}  // namespace sfumato
