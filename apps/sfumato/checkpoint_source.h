#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/model_config.h"

namespace sfumato::cli {

/// A checkpoint file or folder of any kind that the program loads, its own model folders too.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// The file that has the weights: `path` itself, or that of a model folder; nothing when they are
/// spread over several.
std::optional<std::filesystem::path> single_weights_file(const std::filesystem::path& path);

/// The family named by `family` (a name or FILE.toml), else the one that the model folder says,
/// else the one that the tensors show. Throws Unsupported when they cannot tell.
ModelConfig family_of(const std::filesystem::path& path, const std::string& family,
                      const Checkpoint& checkpoint);

/// The same, or nothing when the tensors cannot tell.
std::optional<ModelConfig> family_if_known(const std::filesystem::path& path,
                                           const std::string& family, const Checkpoint& checkpoint);

}  // namespace sfumato::cli
