#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "sfumato/nn/layers.h"

namespace sfumato {

/// Every denoiser of the LDM, Stable Diffusion and SDXL papers as numbers. "Level" counts the
/// resolutions from the input down; level l works at a downsampling of 2^l.
struct UNetConfig {
  int64_t in_channels = 4;   ///< latent channels plus channel-stacked conditioning
  int64_t out_channels = 4;  ///< latent channels
  int64_t model_channels = 320;
  std::vector<int64_t> channel_mult{1, 2, 4, 4};
  std::vector<int64_t> res_blocks{2, 2, 2, 2};  ///< per level
  std::vector<int64_t> attention_at_downsample{1, 2, 4};

  // Heads are given either as a count or as a width, never both (the other is 0).
  int64_t heads = 0;
  int64_t channels_per_head = 0;

  /// Width of the cross-attention context; absent: plain self-attention blocks (LDM sec. 4.1).
  std::optional<int64_t> context_width{};
  std::vector<int64_t> transformer_depth{1, 1, 1, 1};  ///< per level; used with context_width
  int64_t middle_transformer_depth = 1;
  bool linear_projection = false;  ///< SD2/SDXL: linear instead of 1x1 convolution around it
  /// Per level: false replaces self-attention by a second cross-attention (x4 upscaler).
  std::vector<bool> self_attention{true, true, true, true};
  bool middle_self_attention = true;
  bool new_attention_order = false;  ///< q, k, v split before heads (only without context)

  int64_t class_count = 0;   ///< > 0: a learned embedding of a class or noise-level label
  int64_t vector_width = 0;  ///< > 0: an MLP over a conditioning vector (SDXL sec. 2.2, unCLIP)
  bool scale_shift_norm = false;  ///< timestep scales and shifts the norm instead of being added
  bool resample_in_res_block = false;  ///< BigGAN-style up/down (`resblock_updown`)
  bool conv_resample = true;
  int64_t norm_groups = 32;
  /// Where each latent lies, x and y from -1 to 1, as two channels after the in_channels
  /// (CoordConv, Liu et al. 2018, arXiv:1807.03247): for networks too small to count from the
  /// padded edges.
  bool coordinates = false;
};

/// The denoising U-Net, eps_theta of LDM eqs. 2-3 and fig. 3. Parameter names are those of the
/// CompVis checkpoints below `model.diffusion_model.`.
class UNetImpl : public torch::nn::Module {
 public:
  explicit UNetImpl(const UNetConfig& config);

  ///   x          [B, in_channels, H, W]  H and W divisible by 2^(levels-1)
  ///   timesteps  [B]                     int64 or float32, 0 .. 999
  ///   context    [B, T, context_width]
  ///   y          [B] int64 with class_count, [B, vector_width] float with vector_width
  ///   return     [B, out_channels, H, W]
  at::Tensor forward(const at::Tensor& x, const at::Tensor& timesteps,
                     const std::optional<at::Tensor>& context = std::nullopt,
                     const std::optional<at::Tensor>& y = std::nullopt);

  const UNetConfig& config() const { return config_; }

 private:
  struct Stage;  // one entry of input_blocks / middle_block / output_blocks
  class Builder;
  at::Tensor embedding(const at::Tensor& timesteps, const std::optional<at::Tensor>& y);

  UNetConfig config_;
  std::vector<std::shared_ptr<Stage>> input_blocks_, output_blocks_;
  std::shared_ptr<Stage> middle_block_;
  nn::Linear time_in_{nullptr}, time_out_{nullptr};
  nn::Embedding class_embedding_{nullptr};
  nn::Linear vector_in_{nullptr}, vector_out_{nullptr};
  nn::GroupNorm out_norm_{nullptr};
  nn::Conv2d out_conv_{nullptr};
};
TORCH_MODULE(UNet);

}  // namespace sfumato
