#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace sfumato::cli {

/// Weights in a models folder, or in its subfolder `kind` ("checkpoints", "vae"), by the names that
/// people give them: the file's or folder's own, with or without ending; A1111's title,
/// "NAME.safetensors [6ce0161689]"; or the first 8 digits or more of the SHA-256, for which the
/// files there are hashed (once, see checkpoint_source.h).
std::optional<std::filesystem::path> find_weights(const std::filesystem::path& models,
                                                  const std::string& kind, const std::string& name);

}  // namespace sfumato::cli
