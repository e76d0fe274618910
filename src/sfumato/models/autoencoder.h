#pragma once

#include <torch/nn/module.h>

#include <vector>

#include "sfumato/nn/attention_block.h"
#include "sfumato/nn/layers.h"
#include "sfumato/nn/resample.h"
#include "sfumato/nn/resnet_block.h"

namespace sfumato {

/// Perceptual compression (LDM sec. 3.1): the convolutional encoder and decoder that the KL and
/// the VQ autoencoder share. Downsampling factor f = 2^(levels - 1).
struct AutoencoderConfig {
  int64_t image_channels = 3;
  int64_t channels = 128;  ///< width of level 0
  std::vector<int64_t> channel_mult{1, 2, 4, 4};
  int64_t res_blocks = 2;                          ///< per level; the decoder has one more
  std::vector<int64_t> attention_at_downsample{};  ///< besides the one in the middle
  bool middle_attention = true;
  int64_t z_channels = 4;       ///< channels between encoder and quant_conv
  int64_t latent_channels = 4;  ///< channels of the latent itself (CompVis embed_dim)
  int64_t codebook_size = 0;    ///< > 0: vector-quantised with so many entries (VQ-reg)
  int64_t norm_groups = 32;

  int64_t downsample() const { return int64_t(1) << (channel_mult.size() - 1); }
};

/// One resolution of the encoder or decoder: blocks, each followed by attention where there is any.
struct AutoencoderLevel {
  std::vector<nn::ResnetBlock> blocks;
  std::vector<nn::SingleHeadAttentionBlock> attentions;  ///< empty, or one per block
  nn::AsymmetricDownsample downsample{nullptr};
  nn::Upsample upsample{nullptr};
};

/// mid.block_1, mid.attn_1 (if any), mid.block_2: [B, C, h, w] -> [B, C, h, w].
class AutoencoderMiddleImpl : public torch::nn::Module {
 public:
  AutoencoderMiddleImpl(const AutoencoderConfig& config, int64_t channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  nn::ResnetBlock block_1_{nullptr}, block_2_{nullptr};
  nn::SingleHeadAttentionBlock attn_1_{nullptr};
};
TORCH_MODULE(AutoencoderMiddle);

/// Image -> features: conv_in, down.{level}.{block,attn,downsample}, mid, norm_out, conv_out.
class EncoderImpl : public torch::nn::Module {
 public:
  EncoderImpl(const AutoencoderConfig& config, int64_t out_channels);
  /// [B, image_channels, H, W] -> [B, out_channels, H/f, W/f]
  at::Tensor forward(const at::Tensor& image);

 private:
  std::vector<AutoencoderLevel> levels_;
  AutoencoderMiddle middle_{nullptr};
  nn::Conv2d conv_in_{nullptr}, conv_out_{nullptr};
  nn::GroupNorm norm_out_{nullptr};
};
TORCH_MODULE(Encoder);

/// Features -> image: conv_in, mid, up.{level}.{block,attn,upsample}, norm_out, conv_out.
class DecoderImpl : public torch::nn::Module {
 public:
  explicit DecoderImpl(const AutoencoderConfig& config);
  /// [B, z_channels, h, w] -> [B, image_channels, h*f, w*f]
  at::Tensor forward(const at::Tensor& z);

 private:
  std::vector<AutoencoderLevel> levels_;
  AutoencoderMiddle middle_{nullptr};
  nn::Conv2d conv_in_{nullptr}, conv_out_{nullptr};
  nn::GroupNorm norm_out_{nullptr};
};
TORCH_MODULE(Decoder);

}  // namespace sfumato
