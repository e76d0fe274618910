#pragma once

#include <c10/core/ScalarType.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// Writes a checkpoint's tensors (names of a single file) as a folder in the layout of diffusers:
/// model_index.json, scheduler, and for every part config.json and its weights, converted to
/// `storage` if given. A scheduler that load_diffusers_folder() found ("diffusers.scheduler" of
/// `metadata`) is written again as it was.
///
/// The folder appears under its name only when complete. Throws InvalidArgument when it exists and
/// is not empty, Corrupt when the model's tensors are not complete, Unsupported for a family that
/// diffusers does not have. `tokenizer_text` is the content of the tokenizer file, for families
/// that have one of their own; without it their folder has no tokenizer. Returns the names of
/// tensors that the layout has no place for, sorted.
std::vector<std::string> save_diffusers(const std::filesystem::path& folder,
                                        const TensorMap& tensors, const ModelConfig& config,
                                        const Metadata& metadata,
                                        std::optional<at::ScalarType> storage,
                                        const std::string& tokenizer_text = "");

}  // namespace sfumato
