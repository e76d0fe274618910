#pragma once

#include "sfumato/models/autoencoder.h"
#include "sfumato/models/vector_quantizer.h"

namespace sfumato {

/// The vector-quantised autoencoder (LDM sec. 3.1 "VQ-reg"). The quantisation belongs to the
/// decoder: diffusion works on the latent before it. Names below `first_stage_model.`: encoder,
/// decoder, quantize.embedding, quant_conv, post_quant_conv.
class AutoencoderVQImpl : public torch::nn::Module {
 public:
  /// Needs config.codebook_size > 0.
  explicit AutoencoderVQImpl(const AutoencoderConfig& config);

  /// [B, 3, H, W] in [-1, 1] -> [B, latent_channels, H/f, W/f], unscaled, not quantised.
  at::Tensor encode(const at::Tensor& image);
  VectorQuantizerImpl::Quantized quantize(const at::Tensor& z);
  /// [B, latent_channels, h, w] unscaled -> [B, 3, h*f, w*f]; quantises first.
  at::Tensor decode(const at::Tensor& z);
  /// The same for a latent that is quantised already, or shall not be.
  at::Tensor decode_as_is(const at::Tensor& z);
  /// indices [B, h, w] of codebook entries -> [B, 3, h*f, w*f].
  at::Tensor decode_indices(const at::Tensor& indices);

  Decoder decoder{nullptr};
  Encoder encoder{nullptr};

 private:
  VectorQuantizer quantizer_{nullptr};
  nn::Conv2d quant_conv_{nullptr}, post_quant_conv_{nullptr};
};
TORCH_MODULE(AutoencoderVQ);

}  // namespace sfumato
