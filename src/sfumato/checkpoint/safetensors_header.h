#pragma once

#include <string_view>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {

struct SafetensorsEntry {
  std::string name;
  TensorInfo info;
  std::uint64_t begin, end;  ///< bytes, relative to the first byte after the header
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< in the order of their data
  Metadata metadata;
  std::uint64_t data_begin;  ///< where the tensor data start in the file
};

/// The checked table of contents of a whole file; `name` is for messages. Allocates in proportion
/// to the header only, which may have at most 100 MB.
SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name);

}  // namespace sfumato
