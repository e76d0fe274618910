#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "sfumato/family/model_config.h"

namespace sfumato {

/// A family file. Throws InvalidArgument "FILE: KEY ..." for unknown keys, with the nearest known
/// one, and for values that contradict each other.
ModelConfig parse_family(std::string_view toml, const std::string& file_name);
ModelConfig read_family(const std::filesystem::path& path);

/// The families that are part of the program, sorted by name.
std::span<const ModelConfig> families();
/// Throws NotFound with the nearest name.
const ModelConfig& find_family(std::string_view name);

// Names as family files spell them.
std::string_view encoder_kind_name(EncoderKind kind);
std::string_view concat_kind_name(ConcatKind kind);

}  // namespace sfumato
