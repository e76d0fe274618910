#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "sfumato/nn/layers.h"

namespace sfumato {

/// The decoder of TAESD (Bohan 2023, github.com/madebyollin/taesd), a distilled autoencoder: no
/// norms, no attention, one width.
struct TinyDecoderConfig {
  std::int64_t latent_channels = 4;
  std::int64_t channels = 64;
  std::int64_t blocks = 3;       ///< before each doubling; one more after the last
  std::int64_t upsamplings = 3;  ///< f = 2^upsamplings
};

/// relu(conv(relu(conv(relu(conv(x))))) + x), 3x3 convolutions named conv.0, conv.2 and conv.4.
class TinyBlockImpl : public torch::nn::Module {
 public:
  explicit TinyBlockImpl(std::int64_t channels);
  /// [B, C, H, W] -> the same shape
  at::Tensor forward(const at::Tensor& x);

 private:
  std::vector<nn::Conv2d> convs_;
};
TORCH_MODULE(TinyBlock);

/// Parameters are named as in taesd_decoder.safetensors, by their place in its list of layers.
class TinyDecoderImpl : public torch::nn::Module {
 public:
  explicit TinyDecoderImpl(const TinyDecoderConfig& config);
  /// Scaled latents [B, L, h, w] -> pictures [B, 3, h*f, w*f], about [-1, 1].
  at::Tensor forward(const at::Tensor& latent);

  TinyDecoderConfig config;

 private:
  void add_blocks(int& place, std::int64_t count);

  nn::Conv2d first_{nullptr}, last_{nullptr};
  std::vector<std::vector<TinyBlock>> blocks_;  // of one size each
  std::vector<nn::Conv2d> doublings_;           // after all but the last of them
};
TORCH_MODULE(TinyDecoder);

}  // namespace sfumato
