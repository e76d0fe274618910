#include "sfumato/models/autoencoder_kl.h"

#include <ATen/ATen.h>

namespace sfumato {

AutoencoderKLImpl::AutoencoderKLImpl(const AutoencoderConfig& c) {
  encoder = register_module("encoder", Encoder(c, 2 * c.z_channels));
  decoder = register_module("decoder", Decoder(c));
  quant_conv_ =
      register_module("quant_conv", nn::Conv2d(2 * c.z_channels, 2 * c.latent_channels, 1));
  post_quant_conv_ =
      register_module("post_quant_conv", nn::Conv2d(c.latent_channels, c.z_channels, 1));
}

at::Tensor AutoencoderKLImpl::moments(const at::Tensor& image) {
  return quant_conv_(encoder(image));
}

DiagonalGaussian AutoencoderKLImpl::encode(const at::Tensor& image) {
  return DiagonalGaussian::from_moments(moments(image));
}

at::Tensor AutoencoderKLImpl::decode(const at::Tensor& z) { return decoder(post_quant_conv_(z)); }

}  // namespace sfumato
