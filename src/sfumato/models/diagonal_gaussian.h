#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// The autoencoder's posterior q(z|x) = N(mean, diag(exp(logvar))), each [B, C, H, W]
/// (Kingma & Welling 2013; LDM sec. 3.1 "KL-reg").
struct DiagonalGaussian {
  at::Tensor mean, logvar;

  /// From [B, 2C, H, W]: mean in the first half of the channels, log-variance, clamped to
  /// [-30, 20], in the second.
  static DiagonalGaussian from_moments(const at::Tensor& moments);

  /// mean + exp(logvar / 2) * noise, noise ~ N(0, I) shaped like mean.
  at::Tensor sample(const at::Tensor& noise) const;
  /// KL(q || N(0, I)) summed over everything but the batch: [B].
  at::Tensor kl() const;
  /// Negative log-likelihood of `sample`, summed over everything but the batch: [B].
  at::Tensor nll(const at::Tensor& sample) const;
};

}  // namespace sfumato
