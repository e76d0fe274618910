#pragma once

#include <torch/nn/module.h>

#include <span>
#include <string>

#include "sfumato/models/token_vectors.h"
#include "sfumato/nn/clip_block.h"

namespace sfumato {

struct OpenClipTextConfig {
  int64_t vocabulary = 49408;
  int64_t positions = 77;  ///< tokens per prompt, BOS and EOS included
  int64_t width = 1024;
  int64_t layers = 24;
  int64_t heads = 16;
  int64_t mlp_ratio = 4;
  int64_t projection = 1024;        ///< width of the joint text-image space
  std::string activation = "gelu";  ///< "gelu" (erf, OpenCLIP) or "quick_gelu" (OpenAI)
  bool causal = true;  ///< false: tokens see those behind them too (OpenCLIP's no_causal_mask)
};

/// What a prompt's conditioning is made of.
struct TextFeatures {
  at::Tensor last;         ///< [B, T, width]  after ln_final
  at::Tensor penultimate;  ///< [B, T, width]  before the last `skip - 1` blocks and ln_final
  at::Tensor pooled;       ///< [B, projection] ln_final at the highest id (EOS), @ text_projection
};

/// CLIP's text tower under the names of the OpenAI and OpenCLIP checkpoints (token_embedding,
/// positional_embedding, transformer.resblocks.N, ln_final, text_projection, and the logit_scale
/// that their files keep beside it).
/// SD2's context is ln_final(penultimate); SDXL's second encoder uses penultimate as it is.
class OpenClipTextModelImpl : public torch::nn::Module {
 public:
  explicit OpenClipTextModelImpl(const OpenClipTextConfig& config);
  /// ids [B, T] int64, T <= positions; skip in 2 .. layers + 1 ("clip skip"); `words` stand in
  /// place of the tokens there.
  TextFeatures forward(const at::Tensor& ids, int64_t skip = 2,
                       std::span<const TokenVectors> words = {});
  at::Tensor final_norm(const at::Tensor& hidden);

  at::Tensor logit_scale;  ///< [] log of the inverse temperature (Radford et al. 2021, sec. 2.3)

 private:
  nn::Embedding token_embedding_{nullptr};
  at::Tensor positional_embedding_, text_projection_;
  nn::ClipTransformer transformer_{nullptr};
  nn::LayerNorm ln_final_{nullptr};
};
TORCH_MODULE(OpenClipTextModel);

}  // namespace sfumato
