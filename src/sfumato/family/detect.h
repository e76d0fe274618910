#pragma once

#include <string>

#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The family whose fingerprint a checkpoint's names and shapes match. Throws Unsupported, naming
/// the two best candidates, when none matches or when several do: a wrong guess (SD 2 base and v
/// have the same shapes) would give unusable pictures, not an error. `file` is for messages.
const ModelConfig& detect_family(const TensorIndex& tensors, const std::string& file);

}  // namespace sfumato
