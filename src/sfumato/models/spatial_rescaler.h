#pragma once

#include <torch/nn/module.h>

#include <optional>
#include <string>

#include "sfumato/nn/layers.h"

namespace sfumato {

struct SpatialRescalerConfig {
  int64_t stages = 1;  ///< halvings of height and width
  int64_t in_channels = 3;
  std::optional<int64_t> out_channels = std::nullopt;  ///< absent: no channel mapping
  double multiplier = 0.5;
  std::string interpolation = "bilinear";  ///< nearest, bilinear, bicubic or area
  bool bias = false;
};

/// Brings a segmentation map to the size and channels of the latent that it is stacked on
/// (LDM sec. 4.3.2, semantic synthesis). Name: channel_mapper.weight.
class SpatialRescalerImpl : public torch::nn::Module {
 public:
  explicit SpatialRescalerImpl(const SpatialRescalerConfig& config);
  /// [B, in_channels, H, W] -> [B, out_channels, H * multiplier^stages, W * multiplier^stages]
  at::Tensor forward(at::Tensor x);

 private:
  SpatialRescalerConfig config_;
  nn::Conv2d channel_mapper_{nullptr};
};
TORCH_MODULE(SpatialRescaler);

}  // namespace sfumato
