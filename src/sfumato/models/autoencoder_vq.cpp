#include "sfumato/models/autoencoder_vq.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"

namespace sfumato {

AutoencoderVQImpl::AutoencoderVQImpl(const AutoencoderConfig& c) {
  if (c.codebook_size <= 0) {
    throw Error(ErrorKind::InvalidArgument, "AutoencoderVQ: the configuration has no codebook");
  }
  encoder = register_module("encoder", Encoder(c, c.z_channels));
  decoder = register_module("decoder", Decoder(c));
  quantizer_ = register_module("quantize", VectorQuantizer(c.codebook_size, c.latent_channels));
  quant_conv_ = register_module("quant_conv", nn::Conv2d(c.z_channels, c.latent_channels, 1));
  post_quant_conv_ =
      register_module("post_quant_conv", nn::Conv2d(c.latent_channels, c.z_channels, 1));
}

at::Tensor AutoencoderVQImpl::encode(const at::Tensor& image) {
  return quant_conv_(encoder(image));
}

VectorQuantizerImpl::Quantized AutoencoderVQImpl::quantize(const at::Tensor& z) {
  return quantizer_(z);
}

at::Tensor AutoencoderVQImpl::decode(const at::Tensor& z) { return decode_as_is(quantize(z).z_q); }

at::Tensor AutoencoderVQImpl::decode_as_is(const at::Tensor& z) {
  return decoder(post_quant_conv_(z));
}

at::Tensor AutoencoderVQImpl::decode_indices(const at::Tensor& indices) {
  return decode_as_is(quantizer_->lookup(indices));
}

}  // namespace sfumato
