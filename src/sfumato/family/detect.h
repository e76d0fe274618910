#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The families whose fingerprint fits a checkpoint's names and shapes best: one, or several that
/// have the same. Throws Unsupported with the closest two when none fits. `file` is for messages.
std::vector<const ModelConfig*> fitting_families(const TensorIndex& tensors,
                                                 const std::string& file);

/// The family whose fingerprint a checkpoint's names and shapes match; of several the one that
/// predicts what is `stated`. Throws Unsupported, naming the two best candidates, when none matches
/// or when several are left: a wrong guess (SD 2 base and v have the same shapes) would give
/// unusable pictures, not an error. `file` is for messages.
const ModelConfig& detect_family(const TensorIndex& tensors, const std::string& file,
                                 std::optional<Prediction> stated = std::nullopt);

/// What the network predicts according to a checkpoint's metadata: the scheduler of a diffusers
/// folder or `modelspec.prediction_type`. Nothing when they do not say.
std::optional<Prediction> stated_prediction(const Metadata& metadata);

/// Whether a scheduler_config.json, if the metadata hold one, rescales its schedule to zero
/// terminal SNR.
bool states_zero_terminal_snr(const Metadata& metadata);

}  // namespace sfumato
