#pragma once

#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// Whether a published file's tensor is none that a module needs, by rule: position_ids, noise
/// schedule buffers, averaged weights (model_ema.*) and the autoencoder's training loss.
bool is_ignored(const std::string& name, const ModelConfig& config);

/// The file with one set of U-Net weights: the averaged ones in place of the last ones where it has
/// them all and `use_ema` is set. The averaged weight of `diffusion_model.out.2.bias` is called
/// `model_ema.diffusion_modelout2bias`.
TensorMap with_one_unet(TensorMap file, const ModelConfig& config, bool use_ema);

/// The tensors that the model needs: with_one_unet() without the ignored ones.
TensorMap needed_tensors(TensorMap file, const ModelConfig& config, bool use_ema);

}  // namespace sfumato
