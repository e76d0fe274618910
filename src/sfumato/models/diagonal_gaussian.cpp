#include "sfumato/models/diagonal_gaussian.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sfumato {

DiagonalGaussian DiagonalGaussian::from_moments(const at::Tensor& moments) {
  const auto halves = moments.chunk(2, 1);
  return {.mean = halves[0], .logvar = halves[1].clamp(-30.0, 20.0)};
}

at::Tensor DiagonalGaussian::sample(const at::Tensor& noise) const {
  return mean + at::exp(0.5 * logvar) * noise;
}

at::Tensor DiagonalGaussian::kl() const {
  return 0.5 * (mean.square() + logvar.exp() - 1.0 - logvar).flatten(1).sum(1);
}

at::Tensor DiagonalGaussian::nll(const at::Tensor& sample) const {
  const at::Tensor squares = (sample - mean).square() / logvar.exp();
  return 0.5 * (std::log(2.0 * M_PI) + logvar + squares).flatten(1).sum(1);
}

}  // namespace sfumato
