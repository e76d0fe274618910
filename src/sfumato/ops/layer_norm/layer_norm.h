#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::ops {

/// Layer normalisation over the last dimension (Ba et al. 2016, eq. 3), statistics in float32.
///   x             [..., D]
///   weight, bias  [D]
///   return        [..., D], dtype of x
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      double eps);

}  // namespace sfumato::ops
