#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

namespace sfumato {

/// Tensors by checkpoint name. Ordered, so that every listing and message is stable.
using TensorMap = std::map<std::string, at::Tensor>;

/// A tensor as a file's table of contents describes it, without its data.
struct TensorInfo {
  std::string dtype;  ///< as safetensors spells it: "F32", "F16", "BF16", "I64", ...
  std::vector<int64_t> shape;
};
using TensorIndex = std::map<std::string, TensorInfo>;

}  // namespace sfumato
