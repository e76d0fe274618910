#pragma once

namespace sfumato {

/// The x in [0, 1] below which a share p in [0, 1] of the beta distribution lies; a, b > 0.
/// Accurate to about 1e-12 of the probability.
double beta_quantile(double p, double a, double b);

}  // namespace sfumato
