#pragma once

#include "sfumato/tensor/tensor_map.h"

namespace sfumato::fuzz {

/// Reads every byte of the tensors, so that one that reaches beyond its memory is noticed.
void touch(const TensorMap& tensors);

}  // namespace sfumato::fuzz
