#pragma once

#include <torch/nn/module.h>

#include <vector>

#include "sfumato/nn/layers.h"

namespace sfumato {

struct BertTextConfig {
  int64_t vocabulary = 30522;
  int64_t positions = 77;
  int64_t width = 1280;
  int64_t layers = 32;  ///< pairs of attention and feed-forward
  int64_t heads = 8;
  int64_t head_width = 64;  ///< does not depend on the width
};

/// The conditioning transformer tau_theta of LDM (sec. 3.3, app. E.2.1): a bidirectional pre-norm
/// encoder over text or layout tokens. Names below `cond_stage_model.`: transformer.{token_emb,
/// pos_emb.emb, attn_layers.layers.N.{0 (norm), 1.{to_q,to_k,to_v,to_out} | 1.net.{0.0,2}}, norm,
/// to_logits}. Even N are attention, odd N feed-forward.
class BertTextModelImpl : public torch::nn::Module {
 public:
  explicit BertTextModelImpl(const BertTextConfig& config);
  /// ids [B, T] int64, T <= positions -> [B, T, width]
  at::Tensor forward(const at::Tensor& ids);

 private:
  struct Layer {
    nn::LayerNorm attention_norm{nullptr}, feed_forward_norm{nullptr};
    nn::Linear to_q{nullptr}, to_k{nullptr}, to_v{nullptr}, to_out{nullptr};
    nn::Linear expand{nullptr}, contract{nullptr};
  };

  int64_t heads_;
  nn::Embedding token_emb_{nullptr}, pos_emb_{nullptr};
  std::vector<Layer> layers_;
  nn::LayerNorm norm_{nullptr};
};
TORCH_MODULE(BertTextModel);

}  // namespace sfumato
