#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato::nn {

struct ResBlockConfig {
  enum class Resample { None, Up, Down };

  int64_t in_channels;
  int64_t out_channels;
  int64_t emb_channels;  ///< width of the timestep embedding, 4 * model_channels
  bool scale_shift_norm = false;
  Resample resample = Resample::None;
  int64_t groups = 32;
};

/// The residual block of the denoising U-Net.
///   x       [B, in_channels,  H, W]
///   emb     [B, emb_channels]        timestep (+ class / size) embedding
///   return  [B, out_channels, H, W]  (H, W doubled or halved when it resamples)
/// With scale_shift_norm the embedding scales and shifts the second norm (Dhariwal & Nichol 2021,
/// sec. 3.1, AdaGN) instead of being added. Source: Ho et al. 2020, app. B; names as in the CompVis
/// checkpoints (in_layers.{0,2}, emb_layers.1, out_layers.{0,3}, skip_connection).
class ResBlockImpl : public torch::nn::Module {
 public:
  explicit ResBlockImpl(const ResBlockConfig& config);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& emb);

 private:
  at::Tensor resample(const at::Tensor& x) const;

  ResBlockConfig::Resample resample_;
  bool scale_shift_norm_;
  GroupNorm in_norm_{nullptr}, out_norm_{nullptr};
  Conv2d in_conv_{nullptr}, out_conv_{nullptr}, skip_{nullptr};
  Linear emb_proj_{nullptr};
};
TORCH_MODULE(ResBlock);

}  // namespace sfumato::nn
