#pragma once

#include <filesystem>
#include <string_view>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

bool is_gguf(std::string_view bytes);

/// A GGUF file (versions 2 and 3; the types of gguf_blocks.h). Plain numbers are views of the
/// mapped file, quantised ones become `quantised` (rounded once). Errors as parse_gguf_header(),
/// and OutOfMemory before anything is decoded.
TensorMap load_gguf(const std::filesystem::path& path, Metadata* metadata = nullptr,
                    at::ScalarType quantised = at::kFloat);

/// The type a tensor gets in a file written as `type`: tensors of fewer than two dimensions, rows
/// that do not fill whole blocks and whole numbers keep the type they have.
std::string_view gguf_type_of(const at::Tensor& tensor, std::string_view type);

/// Writes version 3 beside and renames; `type` is "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q5_1", or
/// "" to leave every tensor as it is.
/// The metadata are written as texts. Throws InvalidArgument for another type, Unsupported for
/// tensors of more than four dimensions or of a type that GGUF does not have.
void save_gguf(const std::filesystem::path& path, const TensorMap& tensors, std::string_view type,
               const Metadata& metadata = {});

}  // namespace sfumato
