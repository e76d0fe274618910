#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

struct Converted {
  at::Tensor values;   ///< dense, in memory of their own
  bool source_finite;  ///< no value was NaN or infinite before
  bool finite;         ///< and none is so in the new type
};

/// A copy of x on another device or in another type. In one pass by all threads where both are
/// plain floating-point types on the CPU.
Converted converted(const at::Tensor& x, const at::TensorOptions& options);

}  // namespace sfumato
