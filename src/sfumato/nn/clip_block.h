#pragma once

#include <torch/nn/module.h>

#include <vector>

#include "sfumato/nn/activations.h"
#include "sfumato/nn/layers.h"

namespace sfumato::nn {

struct ClipTransformerConfig {
  int64_t width = 512;
  int64_t layers = 12;
  int64_t heads = 8;
  int64_t mlp_width = 2048;
  Activation activation = Activation::QuickGelu;
  bool causal = false;  ///< token i sees tokens 0 .. i
};

/// Pre-norm transformer block of both CLIP towers: x + attn(ln_1(x)), then x + mlp(ln_2(x)).
/// Names as in the OpenAI checkpoints: ln_1, attn.{in_proj_weight, in_proj_bias, out_proj}, ln_2,
/// mlp.{c_fc, c_proj}; in_proj stacks q, k and v.
///   x, return  [B, T, width]
class ClipBlockImpl : public torch::nn::Module {
 public:
  explicit ClipBlockImpl(const ClipTransformerConfig& config);
  at::Tensor forward(const at::Tensor& x);

 private:
  ClipTransformerConfig config_;
  LayerNorm ln_1_{nullptr}, ln_2_{nullptr};
  at::Tensor in_proj_weight_, in_proj_bias_;
  ops::PackedWeight in_proj_packed_;
  Linear out_proj_{nullptr}, c_fc_{nullptr}, c_proj_{nullptr};
};
TORCH_MODULE(ClipBlock);

/// The stack `resblocks.N`. Initialised as in CLIP (Radford et al. 2021, published code): attention
/// with std width^-0.5, what writes into the residual stream smaller by sqrt(2 * layers).
class ClipTransformerImpl : public torch::nn::Module {
 public:
  explicit ClipTransformerImpl(const ClipTransformerConfig& config);

  struct Hidden {
    at::Tensor last;         ///< [B, T, width] after all blocks
    at::Tensor penultimate;  ///< [B, T, width] before the last `skip - 1` blocks
  };
  /// skip in 2 .. blocks + 1
  Hidden forward(at::Tensor x, int64_t skip = 2);

 private:
  std::vector<ClipBlock> blocks_;
};
TORCH_MODULE(ClipTransformer);

}  // namespace sfumato::nn
