#pragma once

#include <map>
#include <string>
#include <vector>

#include "sfumato/family/model_config.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The tensors of a model that one module of an adapter file changes.
struct AdapterTarget {
  std::string weight{};       ///< name in a single-file checkpoint
  std::string bias{};         ///< "" when the layer has none
  int third = -1;             ///< 0, 1, 2: the rows of q, k or v in a fused weight and bias
  bool transposed = false;    ///< the weight is stored as [in, out]
  bool text_encoder = false;  ///< else the U-Net
};

/// The part of that weight (as [out, in, ...]) or bias; shares storage with it.
at::Tensor part_of(const at::Tensor& tensor, const AdapterTarget& target);

/// The names by which adapter files call the layers of one model. They are made from the model's
/// own tensor names and from what diffusers calls these, in every dialect in use:
///   kohya      lora_unet_down_blocks_0_attentions_0_proj_in, lora_te1_text_model_encoder_...
///   A1111      lora_unet_input_blocks_1_1_proj_in (the checkpoint's names after the prefix)
///   diffusers  unet.down_blocks.0.attentions.0.proj_in, text_encoder_2.text_model....
/// Text encoders go by their Hugging Face names, whatever the checkpoint calls them.
class AdapterNames {
 public:
  /// `model`: all tensors of a model, of which only the names are looked at.
  AdapterNames(const ModelConfig& config, const TensorMap& model);

  /// Null when the model has no such layer.
  const AdapterTarget* find(const std::string& module) const;
  /// The layer called most like it, in kohya's spelling without prefix; "" when none is near.
  std::string nearest_to(const std::string& module) const;

 private:
  /// U-Net, then the text encoders: layer name with '_' for '.' -> its tensors.
  std::vector<std::map<std::string, AdapterTarget>> parts_;
};

}  // namespace sfumato
