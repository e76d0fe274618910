#pragma once

#include "sfumato/models/autoencoder.h"
#include "sfumato/models/diagonal_gaussian.h"

namespace sfumato {

/// The KL-regularised autoencoder (LDM sec. 3.1). Names below `first_stage_model.`:
/// encoder, decoder, quant_conv, post_quant_conv.
class AutoencoderKLImpl : public torch::nn::Module {
 public:
  explicit AutoencoderKLImpl(const AutoencoderConfig& config);

  /// [B, 3, H, W] in [-1, 1] -> posterior over [B, latent_channels, H/f, W/f], unscaled.
  DiagonalGaussian encode(const at::Tensor& image);
  at::Tensor moments(const at::Tensor& image);
  /// [B, latent_channels, h, w] unscaled -> [B, 3, h*f, w*f], about [-1, 1].
  at::Tensor decode(const at::Tensor& z);

  Decoder decoder{nullptr};
  Encoder encoder{nullptr};

 private:
  nn::Conv2d quant_conv_{nullptr}, post_quant_conv_{nullptr};
};
TORCH_MODULE(AutoencoderKL);

}  // namespace sfumato
