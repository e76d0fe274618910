#include "sfumato/training/autoencoder_loss.h"

#include <ATen/ATen.h>

namespace sfumato {

AutoencoderLoss autoencoder_loss(const at::Tensor& image, const at::Tensor& reconstruction,
                                 const DiagonalGaussian& posterior, double kl_weight) {
  const at::Tensor error = (image - reconstruction.to(at::kFloat)).abs().mean();
  const at::Tensor kl = posterior.kl().mean();
  const auto numbers_per_picture = static_cast<double>(image.numel() / image.size(0));
  return {
      .total = error + (kl_weight / numbers_per_picture) * kl, .reconstruction = error, .kl = kl};
}

}  // namespace sfumato
