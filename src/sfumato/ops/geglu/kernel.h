#pragma once

#include <cstdint>

namespace sfumato::ops::geglu_kernel {

struct Problem {
  std::int64_t width;  ///< D
  bool bfloat16;       ///< otherwise float32
  const void* in;      ///< [rows, 2 * D]
  void* out;           ///< [rows, D]
};

/// Rows [first, last).
void multiply(const Problem& problem, std::int64_t first, std::int64_t last);

}  // namespace sfumato::ops::geglu_kernel
