#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "sfumato/models/clip_image_model.h"
#include "sfumato/models/open_clip_text_model.h"

namespace sfumato {

/// Both towers of CLIP (Radford et al. 2021) in the names of the original checkpoints: the image
/// tower below `visual.`, the text tower at the root, and `logit_scale`.
struct ClipConfig {
  OpenClipTextConfig text;
  ClipImageConfig image;
};

/// [N, M] cosine similarities of every image with every text, times exp(logit_scale), in float32.
///   image_features [N, E], text_features [M, E], not normalised;  logit_scale []
at::Tensor clip_logits(const at::Tensor& image_features, const at::Tensor& text_features,
                       const at::Tensor& logit_scale);

class ClipImpl : public torch::nn::Module {
 public:
  explicit ClipImpl(const ClipConfig& config);

  /// pixels [B, 3, S, S], normalised -> [B, E], not normalised.
  at::Tensor encode_image(const at::Tensor& pixels);
  /// ids [B, T] int64 -> [B, E], not normalised.
  at::Tensor encode_text(const at::Tensor& ids);

  OpenClipTextModel text{nullptr};  ///< its parameters are those at the root
  ClipImageModel visual{nullptr};
  at::Tensor logit_scale;  ///< [] log of the inverse temperature
};
TORCH_MODULE(Clip);

}  // namespace sfumato
