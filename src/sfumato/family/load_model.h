#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sfumato/diffusion/prediction.h"
#include "sfumato/family/model.h"
#include "sfumato/family/split_files.h"

namespace sfumato {

struct LoadOptions {
  at::Device device{at::kCPU};
  at::ScalarType dtype = at::kFloat;
  std::string family = "";  ///< "" to detect it; needed where names and shapes cannot tell
  bool use_ema = true;      ///< take the U-Net's averaged weights where the file has them
  std::optional<Prediction> prediction = {};  ///< of the network, whatever the family says
  bool zero_terminal_snr = false;             ///< rescale the noise schedule to it
  SplitFiles split = {};                      ///< parts in files of their own
  /// For painting: weights are packed, and on the CPU those of text encoders, which run once for a
  /// prompt, are streamed from the file (nn/layers.h).
  bool pack = false;
  bool low_memory = false;  ///< with `pack`: all large weights of a mapped file are streamed
  /// Told in one line what a checkpoint was taken for, where its tensors alone did not say.
  std::function<void(const std::string&)> on_note = [](const std::string&) {};
};

/// Loads a model, in evaluation mode, from
///   - a folder with family.toml, model.safetensors and the tokenizer file it names,
///   - a checkpoint file or a folder that diffusers saved (see checkpoint/open_checkpoint.h),
///   - the name of the model that is part of the program, "scenes",
///   - "", with a U-Net and all other parts in files of their own (options.split).
/// Throws NotFound, Corrupt (damaged, not fitting, NaN or infinite weights: file and tensor named)
/// or Unsupported (family cannot be told).
Model load_model(const std::string& path_or_name, const LoadOptions& options);

/// Writes family.toml, model.safetensors with its weights in `storage`, and the tokenizer file.
void save_model(const std::filesystem::path& folder, const Model& model, at::ScalarType storage,
                const std::map<std::string, std::string>& metadata = {});

}  // namespace sfumato
