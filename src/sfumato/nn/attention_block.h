#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato::nn {

/// Self-attention over the pixels of a feature map, added to it: [B, C, H, W] -> [B, C, H, W].
/// The U-Net's block when there is no context (Dhariwal & Nichol 2021, sec. 3). Names: norm, qkv
/// [3C, C, 1], proj_out [C, C, 1]. The original stores q, k, v of one head side by side
/// ("legacy" order); `new_order` stores all heads' q, then all k, then all v.
class AttentionBlockImpl : public torch::nn::Module {
 public:
  AttentionBlockImpl(int64_t channels, int64_t heads, bool new_order, int64_t groups);
  at::Tensor forward(const at::Tensor& x);

 private:
  int64_t heads_;
  bool new_order_;
  GroupNorm norm_{nullptr};
  PointwiseConv1d qkv_{nullptr}, proj_out_{nullptr};
};
TORCH_MODULE(AttentionBlock);

/// The autoencoder's single-head self-attention, same shapes. Names: norm, q, k, v, proj_out as
/// 1x1 convolutions.
class SingleHeadAttentionBlockImpl : public torch::nn::Module {
 public:
  SingleHeadAttentionBlockImpl(int64_t channels, int64_t groups);
  at::Tensor forward(const at::Tensor& x);

 private:
  GroupNorm norm_{nullptr};
  Conv2d q_{nullptr}, k_{nullptr}, v_{nullptr}, proj_out_{nullptr};
};
TORCH_MODULE(SingleHeadAttentionBlock);

}  // namespace sfumato::nn
