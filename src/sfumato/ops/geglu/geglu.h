#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::ops {

/// GEGLU: value * gelu(gate), the gated unit in every transformer feed-forward of the U-Net.
///   in      [..., 2*D]  value in the first half, gate in the second (CompVis order)
///   return  [..., D]    same dtype; the product is taken in float32
/// Source: Shazeer 2020 (arXiv:2002.05202), eq. 6; exact (erf) GELU.
at::Tensor geglu(const at::Tensor& in);

}  // namespace sfumato::ops
