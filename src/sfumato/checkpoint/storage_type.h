#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The type that a tensor has in a file written as `storage` (nothing: as it is): whole numbers
/// and single numbers keep theirs, which cost nothing and may need their digits.
at::ScalarType stored_type(const at::Tensor& tensor, std::optional<at::ScalarType> storage);

/// Throws InvalidArgument naming the first tensor with a value that is not finite or becomes
/// infinite in `storage`.
void expect_storable(const TensorMap& tensors, at::ScalarType storage);

}  // namespace sfumato
