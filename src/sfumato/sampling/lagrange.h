#pragma once

#include <functional>
#include <vector>

namespace sfumato {

/// The j-th Lagrange polynomial of the nodes at u: 1 at nodes[j], 0 at the others.
double lagrange(const std::vector<double>& nodes, std::size_t j, double u);

/// The integrals of L_j(u) f(u) from begin to end, for every node j, by Gauss-Legendre quadrature
/// with 8 points: exact where L_j f is a polynomial of degree 15.
std::vector<double> lagrange_integrals(const std::vector<double>& nodes, double begin, double end,
                                       const std::function<double(double)>& f);

}  // namespace sfumato
