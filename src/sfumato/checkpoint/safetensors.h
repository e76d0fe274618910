#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

using Metadata = std::map<std::string, std::string>;

/// A .safetensors file: 8 bytes little-endian header length, JSON header, dense tensor data.
/// Every size, offset and dtype is checked against the file before anything is allocated;
/// anything else throws Corrupt naming the file and the tensor.
struct SafetensorsIndex {
  TensorIndex tensors;
  Metadata metadata;
};

SafetensorsIndex read_safetensors_index(const std::filesystem::path& path);

/// Maps the file (no copy: the tensors keep the mapping alive) and returns its tensors.
TensorMap load_safetensors(const std::filesystem::path& path, Metadata* metadata = nullptr);
/// From memory that outlives the tensors, e.g. an embedded model. `name` is for messages.
TensorMap parse_safetensors(std::string_view bytes, const std::string& name,
                            Metadata* metadata = nullptr);

/// Written beside and renamed; tensors may live on any device and be non-contiguous. With `storage`
/// they are converted to it one by one, as stored_type() says.
void save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const Metadata& metadata = {},
                      std::optional<at::ScalarType> storage = std::nullopt);

}  // namespace sfumato
