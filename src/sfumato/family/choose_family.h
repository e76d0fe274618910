#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// What a checkpoint is taken for.
struct FamilyChoice {
  ModelConfig config;
  std::string file;  ///< for messages
  /// Families with the same tensors, of which only the network itself can tell the right one;
  /// empty: `config` is settled.
  std::vector<const ModelConfig*> twins = {};
  std::string note = {};  ///< what was chosen and why, in one line; "": the tensors alone told
  /// Who says that the schedule has zero terminal SNR; "": nobody.
  std::string zero_terminal_snr = {};
};

/// A family of the program by its name, or one from FILE.toml. Throws NotFound or InvalidArgument.
ModelConfig named_family(const std::string& family);

/// The family of a checkpoint. `family` (a name or FILE.toml) and `prediction` are the user's
/// words; without them what stands beside the file decides between twins and tells what a fine-tune
/// predicts: FILE.yaml, the file's metadata, scheduler_config.json. Throws Unsupported when no
/// family fits, or several do that the network could not tell apart either.
FamilyChoice choose_family(const TensorMap& tensors, const Metadata& metadata,
                           const std::filesystem::path& file, const std::string& family,
                           std::optional<Prediction> prediction);

/// A family that is known, with what `prediction` (the user's word) or else the tensors and the
/// metadata of its network, from `file`, say of it.
FamilyChoice choose_within(const ModelConfig& family, const TensorMap& tensors,
                           const Metadata& metadata, const std::filesystem::path& file,
                           std::optional<Prediction> prediction);

/// The choice without twins: asks the network of `model`, which was made from choice.config.
FamilyChoice settle_family(FamilyChoice choice, const Model& model);
/// The same from the tensors of the checkpoint.
FamilyChoice settle_family(FamilyChoice choice, const TensorMap& tensors);

}  // namespace sfumato
