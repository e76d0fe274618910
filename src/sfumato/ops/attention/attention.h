#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::ops {

struct AttentionOptions {
  double scale = 0.0;   ///< 0: 1 / sqrt(D)
  bool causal = false;  ///< token i sees tokens 0 .. i
  /// Plain operators, whatever kernels there are: what the kernels are tested against.
  bool reference = false;
};

/// softmax(q kᵀ · scale) v (Vaswani et al. 2017, eq. 1); the softmax is taken in float32. On the
/// CPU without gradients no scores are kept (flash.h); elsewhere their memory is bounded: long
/// sequences are computed part by part.
///   q       [B, H, T, D]
///   k, v    [B, H, S, D]
///   return  [B, H, T, D]  dtype of v
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options = {});

/// The same over tokens with heads folded into the width: q [B, T, H*D], k, v [B, S, H*D] ->
/// [B, T, H*D].
at::Tensor multi_head_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                int64_t heads, const AttentionOptions& options = {});

}  // namespace sfumato::ops
