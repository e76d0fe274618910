#pragma once

#include <torch/nn/module.h>

#include <optional>
#include <vector>

#include "sfumato/nn/layers.h"

namespace sfumato::nn {

/// Attention from tokens to a context (LDM eq. 3 and sec. 3.3).
///   x        [B, T, query_width]
///   context  [B, S, context_width]
///   residual [B, T, query_width]  is added
///   return   [B, T, query_width]
/// Names: to_q, to_k, to_v (no bias), to_out.0.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(int64_t query_width, int64_t context_width, int64_t heads, int64_t head_width);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& context, const at::Tensor& residual);

 private:
  int64_t heads_;
  Linear to_q_{nullptr}, to_k_{nullptr}, to_v_{nullptr}, to_out_{nullptr};
};
TORCH_MODULE(CrossAttention);

/// GEGLU, then a linear layer (Shazeer 2020, eq. 6): [B, T, width] -> [B, T, width], 4x wide
/// inside; added to the residual. Names: net.0.proj (value first, then gate), net.2.
class FeedForwardImpl : public torch::nn::Module {
 public:
  explicit FeedForwardImpl(int64_t width);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual);

 private:
  Linear in_{nullptr}, out_{nullptr};
};
TORCH_MODULE(FeedForward);

struct SpatialTransformerConfig {
  int64_t channels;
  int64_t heads, head_width;
  int64_t depth = 1;
  int64_t context_width;
  bool linear_projection = false;
  bool self_attention = true;  ///< false: the first attention looks at the context too
  int64_t groups = 32;
};

/// norm1, attn1 (self), norm2, attn2 (cross), norm3, ff, each added to x [B, T, width].
class TransformerBlockImpl : public torch::nn::Module {
 public:
  explicit TransformerBlockImpl(const SpatialTransformerConfig& config);
  at::Tensor forward(at::Tensor x, const at::Tensor& context);

 private:
  bool self_attention_;
  LayerNorm norm1_{nullptr}, norm2_{nullptr}, norm3_{nullptr};
  CrossAttention attn1_{nullptr}, attn2_{nullptr};
  FeedForward ff_{nullptr};
};
TORCH_MODULE(TransformerBlock);

/// Transformer blocks over the pixels of a feature map, added to it (LDM app. E.2.1).
///   x [B, C, H, W], context [B, S, context_width] -> [B, C, H, W].
/// Names: norm, proj_in, transformer_blocks.N, proj_out.
class SpatialTransformerImpl : public torch::nn::Module {
 public:
  explicit SpatialTransformerImpl(const SpatialTransformerConfig& config);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& context);

 private:
  GroupNorm norm_{nullptr};
  Conv2d conv_in_{nullptr}, conv_out_{nullptr};      // SD1
  Linear linear_in_{nullptr}, linear_out_{nullptr};  // SD2, SDXL
  std::vector<TransformerBlock> blocks_;
};
TORCH_MODULE(SpatialTransformer);

}  // namespace sfumato::nn
