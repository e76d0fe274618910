#pragma once

#include <string>

#include "sfumato/family/model_config.h"

namespace sfumato {

/// Width of the sinusoidal embedding of one number in the conditioning vector (SDXL sec. 2.2).
inline constexpr std::int64_t kNumberWidth = 256;

/// The width that a part takes in the conditioning vector of a family.
std::int64_t vector_part_width(const ModelConfig& config, VectorPart part);

/// Throws InvalidArgument "FILE: ..." when numbers are out of range or parts do not fit together,
/// so that building a model from a checked config cannot fail.
void validate(const ModelConfig& config, const std::string& file_name);

}  // namespace sfumato
