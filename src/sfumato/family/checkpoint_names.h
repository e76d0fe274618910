#pragma once

#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

// Statistics of unCLIP's image embeddings (ImageEncoderConfig).
inline constexpr const char* kEmbeddingMean = "noise_augmentor.data_mean";
inline constexpr const char* kEmbeddingDeviation = "noise_augmentor.data_std";

// Fine-tunes of SDXL say with empty tensors of these names what their weights do not show: that
// they predict v, and that their last timestep is pure noise.
inline constexpr const char* kPredictsVMark = "v_pred";
inline constexpr const char* kZeroTerminalMark = "ztsnr";

/// The family without the parts that some of its files leave out: unCLIP's image tower, whose place
/// a file of the U-Net, autoencoder and text encoder alone does not fill, and the statistics of its
/// embeddings.
ModelConfig with_parts_of(ModelConfig config, const TensorMap& file);

/// Whether a published file's tensor is none that a module needs, by rule: position_ids, noise
/// schedule buffers, averaged weights (model_ema.*), the autoencoder's training loss, the marks
/// above, and what CLIP has beside the image tower of an unCLIP model.
bool is_ignored(const std::string& name, const ModelConfig& config);

/// The file with one set of U-Net weights: the averaged ones in place of the last ones where it has
/// them all and `use_ema` is set. The averaged weight of `diffusion_model.out.2.bias` is called
/// `model_ema.diffusion_modelout2bias`.
TensorMap with_one_unet(TensorMap file, const ModelConfig& config, bool use_ema);

/// The tensors that the model needs: with_one_unet() without the ignored ones.
TensorMap needed_tensors(TensorMap file, const ModelConfig& config, bool use_ema);

}  // namespace sfumato
