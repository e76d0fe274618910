#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::ops {

/// silu(group_norm(x)), the pair before every convolution of the U-Net and the autoencoders.
///   x             [B, C, H, W], any floating dtype
///   weight, bias  [C]
///   return        [B, C, H, W], dtype of x; statistics and activation in float32
/// On a CPU, dense float32 and bfloat16 (either memory format) take one fused, vectorised kernel
/// whose gradient can be taken once. Source: Wu & He 2018; Ho et al. 2020, app. B.
at::Tensor group_norm_silu(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                           const at::Tensor& bias, double eps);

/// The same without the activation.
at::Tensor group_norm(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                      const at::Tensor& bias, double eps);

}  // namespace sfumato::ops
