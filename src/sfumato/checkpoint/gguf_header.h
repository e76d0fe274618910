#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/checkpoint/gguf_blocks.h"

namespace sfumato {

struct GgufTensor {
  std::string name;
  const GgufType* type;
  std::vector<std::int64_t> shape;  ///< slowest dimension first, the reverse of the file
  std::uint64_t begin, bytes;       ///< in the file
};

struct GgufHeader {
  std::map<std::string, std::string> metadata;  ///< numbers as text, lists as "list of N"
  /// Shapes that converters had to change to make blocks of 256 fit, by tensor
  /// (`comfy.gguf.orig_shape.NAME`).
  std::map<std::string, std::vector<std::int64_t>> original_shapes;
  std::vector<GgufTensor> tensors;
};

/// The checked table of contents of a GGUF file, version 2 or 3 (the format's description in the
/// ggml repository, docs/gguf.md); `name` is for messages. Throws Corrupt for anything that does
/// not fit into the file, Unsupported for big-endian files and unknown types and versions.
/// Memory is allocated in proportion to the header only.
GgufHeader parse_gguf_header(std::string_view file, const std::string& name);

}  // namespace sfumato
