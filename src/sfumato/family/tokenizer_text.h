#pragma once

#include <filesystem>
#include <string>

#include "sfumato/family/model_config.h"

namespace sfumato {

/// The name of the tokenizer file that a family has of its own, or "".
std::string tokenizer_file_of(const ModelConfig& config);

/// The content of that file, from beside a checkpoint or out of its folder; in a diffusers folder
/// merges.txt says the same. "" where the family has none or it is not there.
std::string tokenizer_text_of(const std::filesystem::path& checkpoint, const ModelConfig& config);

}  // namespace sfumato
