#include "sfumato/models/open_clip_text_model.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/models/token_input.h"

namespace sfumato {

OpenClipTextModelImpl::OpenClipTextModelImpl(const OpenClipTextConfig& c) {
  positional_embedding_ = register_parameter("positional_embedding",
                                             nn::normal_parameter({c.positions, c.width}, 0.01));
  text_projection_ = register_parameter(
      "text_projection",
      nn::normal_parameter({c.width, c.projection}, 1.0 / std::sqrt(double(c.width))));
  logit_scale = register_parameter("logit_scale", nn::constant_parameter({}, std::log(1.0 / 0.07)));
  token_embedding_ = register_module("token_embedding", nn::Embedding(c.vocabulary, c.width, 0.02));
  transformer_ =
      register_module("transformer", nn::ClipTransformer(nn::ClipTransformerConfig{
                                         .width = c.width,
                                         .layers = c.layers,
                                         .heads = c.heads,
                                         .mlp_width = c.mlp_ratio * c.width,
                                         .activation = nn::parse_activation(c.activation),
                                         .causal = c.causal}));
  ln_final_ = register_module("ln_final", nn::LayerNorm(c.width));
}

at::Tensor OpenClipTextModelImpl::final_norm(const at::Tensor& hidden) { return ln_final_(hidden); }

TextFeatures OpenClipTextModelImpl::forward(const at::Tensor& ids, int64_t skip,
                                            std::span<const TokenVectors> words) {
  expect_token_ids(ids, positional_embedding_.size(0), token_embedding_->weight.size(0), "CLIP");
  const at::Tensor x = with_token_vectors(token_embedding_(ids), words) +
                       positional_embedding_.slice(0, 0, ids.size(1));
  const auto hidden = transformer_(x, skip);
  const at::Tensor last = final_norm(hidden.last);
  return {.last = last,
          .penultimate = hidden.penultimate,
          .pooled = at::matmul(at_highest_id(last, ids), text_projection_)};
}

}  // namespace sfumato
