#pragma once

#include "sfumato/models/diagonal_gaussian.h"

namespace sfumato {

struct AutoencoderLoss {
  at::Tensor total;           ///< [] what is minimised
  at::Tensor reconstruction;  ///< [] mean |x - x'| per pixel and channel
  at::Tensor kl;              ///< [] KL(q || N(0, I)), summed over the latent, mean over the batch
};

/// The objective of the KL autoencoder (LDM app. G, eq. 25) without its adversarial part:
///   mean |x - x'| + kl_weight * KL / (numbers per picture),
/// so that kl_weight weighs sums against sums, as in the paper (1e-6). A perceptual distance and a
/// patch discriminator join as further terms of `total` (and, for the discriminator, as a second
/// loss and optimizer beside this one).
///   image, reconstruction  [B, 3, H, W] about [-1, 1]
AutoencoderLoss autoencoder_loss(const at::Tensor& image, const at::Tensor& reconstruction,
                                 const DiagonalGaussian& posterior, double kl_weight);

}  // namespace sfumato
