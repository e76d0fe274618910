#pragma once

#include <torch/nn/module.h>

#include <span>
#include <string>
#include <vector>

#include "sfumato/models/token_vectors.h"
#include "sfumato/nn/layers.h"

namespace sfumato {

struct ClipTextConfig {
  int64_t vocabulary = 49408;
  int64_t positions = 77;  ///< tokens per prompt, BOS and EOS included
  int64_t width = 768;
  int64_t layers = 12;
  int64_t heads = 12;
  int64_t mlp_width = 3072;
  std::string activation = "quick_gelu";  ///< "gelu" (erf) or "quick_gelu" (OpenAI)
  double norm_eps = 1e-5;
};

/// What SD1 and SDXL take from the encoder.
struct ClipTextHidden {
  at::Tensor last;            ///< [B, T, width] after final_layer_norm (SD1's context)
  at::Tensor penultimate;     ///< [B, T, width] before the last `skip - 1` layers, no norm (SDXL)
  at::Tensor penultimate_ln;  ///< [B, T, width] the same through final_layer_norm ("clip skip 2")
  at::Tensor pooled;          ///< [B, width]    `last` at the highest id (EOS)
};

/// CLIP's text tower (Radford et al. 2021) under the names of Hugging Face's CLIPTextModel, below
/// `text_model.`: embeddings.{token,position}_embedding,
/// encoder.layers.N.{self_attn.{q,k,v,out}_proj, layer_norm1, mlp.{fc1,fc2}, layer_norm2},
/// final_layer_norm.
class ClipTextModelImpl : public torch::nn::Module {
 public:
  explicit ClipTextModelImpl(const ClipTextConfig& config);
  /// ids [B, T] int64, T <= positions; skip in 2 .. layers + 1 ("clip skip"); `words` stand in
  /// place of the tokens there.
  ClipTextHidden forward(const at::Tensor& ids, int64_t skip = 2,
                         std::span<const TokenVectors> words = {});

 private:
  class LayerImpl;
  TORCH_MODULE(Layer);

  nn::Embedding token_embedding_{nullptr}, position_embedding_{nullptr};
  std::vector<Layer> layers_;
  nn::LayerNorm final_layer_norm_{nullptr};
};
TORCH_MODULE(ClipTextModel);

}  // namespace sfumato
