#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// Whether no value is NaN or infinite.
bool all_finite(const at::Tensor& values);

}  // namespace sfumato
