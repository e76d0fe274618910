#include "sfumato/models/clip_text_model.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/models/token_input.h"
#include "sfumato/nn/activations.h"
#include "sfumato/nn/register_path.h"
#include "sfumato/ops/attention/attention.h"

namespace sfumato {

// The block of nn/clip_block.h with q, k and v kept apart, as this dialect of the names has them.
class ClipTextModelImpl::LayerImpl : public torch::nn::Module {
 public:
  explicit LayerImpl(const ClipTextConfig& c)
      : heads_(c.heads), activation_(nn::parse_activation(c.activation)) {
    q_ = nn::register_path(*this, "self_attn.q_proj", nn::Linear(c.width, c.width));
    k_ = nn::register_path(*this, "self_attn.k_proj", nn::Linear(c.width, c.width));
    v_ = nn::register_path(*this, "self_attn.v_proj", nn::Linear(c.width, c.width));
    out_ = nn::register_path(*this, "self_attn.out_proj", nn::Linear(c.width, c.width));
    norm1_ = register_module("layer_norm1", nn::LayerNorm(c.width, c.norm_eps));
    fc1_ = nn::register_path(*this, "mlp.fc1", nn::Linear(c.width, c.mlp_width));
    fc2_ = nn::register_path(*this, "mlp.fc2", nn::Linear(c.mlp_width, c.width));
    norm2_ = register_module("layer_norm2", nn::LayerNorm(c.width, c.norm_eps));
  }

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor normed = norm1_(x);
    const at::Tensor attention =
        ops::multi_head_attention(q_(normed), k_(normed), v_(normed), heads_, {.causal = true});
    const at::Tensor attended = x + out_(attention);
    return attended + fc2_(nn::activate(fc1_(norm2_(attended)), activation_));
  }

 private:
  int64_t heads_;
  nn::Activation activation_;
  nn::Linear q_{nullptr}, k_{nullptr}, v_{nullptr}, out_{nullptr}, fc1_{nullptr}, fc2_{nullptr};
  nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
};

ClipTextModelImpl::ClipTextModelImpl(const ClipTextConfig& c) {
  if (c.width <= 0 || c.heads <= 0 || c.width % c.heads != 0 || c.layers <= 0) {
    throw Error(ErrorKind::InvalidArgument,
                "CLIP text model: width " + std::to_string(c.width) + " with " +
                    std::to_string(c.heads) + " heads and " + std::to_string(c.layers) + " layers",
                "the width must be a positive multiple of the number of heads");
  }
  const std::string root = "text_model.";
  token_embedding_ = nn::register_path(*this, root + "embeddings.token_embedding",
                                       nn::Embedding(c.vocabulary, c.width, 0.02));
  position_embedding_ = nn::register_path(*this, root + "embeddings.position_embedding",
                                          nn::Embedding(c.positions, c.width, 0.01));
  for (int64_t i = 0; i < c.layers; ++i) {
    layers_.push_back(
        nn::register_path(*this, root + "encoder.layers." + std::to_string(i), Layer(c)));
  }
  final_layer_norm_ =
      nn::register_path(*this, root + "final_layer_norm", nn::LayerNorm(c.width, c.norm_eps));
}

ClipTextHidden ClipTextModelImpl::forward(const at::Tensor& ids, int64_t skip,
                                          std::span<const TokenVectors> words) {
  const at::Tensor& positions = position_embedding_->weight;
  expect_token_ids(ids, positions.size(0), token_embedding_->weight.size(0), "CLIP");
  at::Tensor x =
      with_token_vectors(token_embedding_(ids), words) + positions.slice(0, 0, ids.size(1));
  const auto layers = static_cast<int64_t>(layers_.size());
  TORCH_INTERNAL_ASSERT(skip >= 2 && skip <= layers + 1);
  ClipTextHidden hidden;
  for (int64_t i = 0; i < layers; ++i) {
    if (i + skip == layers + 1) hidden.penultimate = x;
    x = layers_[static_cast<std::size_t>(i)]->forward(x);
  }
  hidden.last = final_layer_norm_(x);
  hidden.penultimate_ln = final_layer_norm_(hidden.penultimate);
  hidden.pooled = at_highest_id(hidden.last, ids);
  return hidden;
}

}  // namespace sfumato
