#pragma once

#include <torch/nn/module.h>

#include <string>

#include "sfumato/nn/clip_block.h"

namespace sfumato {

struct ClipImageConfig {
  int64_t image_size = 224, patch_size = 14;
  int64_t width = 1024, layers = 24, heads = 16;
  int64_t mlp_ratio = 4;
  int64_t projection = 768;
  std::string activation = "quick_gelu";
};

/// CLIP's vision transformer (Radford et al. 2021; Dosovitskiy et al. 2020) under the names below
/// `visual.` of the OpenAI and OpenCLIP checkpoints (conv1, class_embedding, positional_embedding,
/// ln_pre, transformer, ln_post, proj).
class ClipImageModelImpl : public torch::nn::Module {
 public:
  explicit ClipImageModelImpl(const ClipImageConfig& config);
  /// pixels [B, 3, S, S] normalised -> [B, projection]
  at::Tensor forward(const at::Tensor& pixels);
  /// The class token after ln_post, before the projection: [B, width].
  at::Tensor features(const at::Tensor& pixels);
  at::Tensor project(const at::Tensor& features);

 private:
  ClipImageConfig config_;
  nn::Conv2d conv1_{nullptr};
  at::Tensor class_embedding_, positional_embedding_, proj_;
  nn::LayerNorm ln_pre_{nullptr}, ln_post_{nullptr};
  nn::ClipTransformer transformer_{nullptr};
};
TORCH_MODULE(ClipImageModel);

}  // namespace sfumato
