#pragma once

#include <cstdint>

namespace sfumato::ops::layer_norm_kernel {

struct Problem {
  std::int64_t width;
  bool bfloat16;  ///< x and y; otherwise float32
  double eps;
  const void* x;               ///< [rows, width]
  const float *weight, *bias;  ///< [width]
  void* y;                     ///< [rows, width]
};

/// Rows [first, last).
void normalise(const Problem& problem, std::int64_t first, std::int64_t last);

}  // namespace sfumato::ops::layer_norm_kernel
