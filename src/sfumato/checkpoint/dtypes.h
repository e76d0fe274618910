#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>

namespace sfumato {

/// How many bytes one element takes in a safetensors file, or nothing for an unknown dtype.
std::optional<std::uint64_t> safetensors_element_size(std::string_view dtype);

/// The name of a tensor's dtype in a safetensors file; throws Unsupported when it has none.
std::string safetensors_dtype(at::ScalarType type);

/// The tensor behind `data`, which has numel(shape) elements. Types that LibTorch has are views of
/// the bytes, kept alive by `owner`; F8_E4M3 and F8_E5M2 are decoded to float32, and U16, U32 and
/// U64 are widened to int64 (Unsupported when a value does not fit). Unaligned data are copied.
at::Tensor tensor_from_bytes(std::string_view dtype, const std::vector<std::int64_t>& shape,
                             const char* data, std::shared_ptr<void> owner);

}  // namespace sfumato
