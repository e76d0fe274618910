#pragma once

#include <string>

#include "sfumato/family/model_config.h"

namespace sfumato {

/// The width that a part takes in the conditioning vector of a family.
std::int64_t vector_part_width(const ModelConfig& config, VectorPart part);

/// Throws InvalidArgument "FILE: ..." when numbers are out of range or parts do not fit together,
/// so that building a model from a checked config cannot fail.
void validate(const ModelConfig& config, const std::string& file_name);

}  // namespace sfumato
