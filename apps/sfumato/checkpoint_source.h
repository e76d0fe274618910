#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/choose_family.h"

namespace sfumato::cli {

/// Where the hashes of files are remembered: sfumato/hashes.json in $XDG_CACHE_HOME or ~/.cache; ""
/// without a home.
std::filesystem::path hash_cache();

/// A checkpoint file or folder of any kind that the program loads, its own model folders too.
Checkpoint read_checkpoint(const std::filesystem::path& path);

/// The file that has the weights: `path` itself, or that of a model folder; nothing when they are
/// spread over several.
std::optional<std::filesystem::path> single_weights_file(const std::filesystem::path& path);

/// The family named by `family` (a name or FILE.toml), else the one that the model folder says,
/// else the one that the tensors, what lies beside them or the network itself show. Throws
/// Unsupported when they cannot tell.
FamilyChoice family_of(const std::filesystem::path& path, const std::string& family,
                       const Checkpoint& checkpoint);

/// The same without asking the network, or nothing when that leaves it open.
std::optional<ModelConfig> family_if_known(const std::filesystem::path& path,
                                           const std::string& family, const Checkpoint& checkpoint);

}  // namespace sfumato::cli
