#include "sfumato/models/bert_text_model.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/models/token_input.h"
#include "sfumato/nn/register_path.h"
#include "sfumato/ops/attention/attention.h"

namespace sfumato {

BertTextModelImpl::BertTextModelImpl(const BertTextConfig& c) : heads_(c.heads) {
  if (c.width <= 0 || c.heads <= 0 || c.head_width <= 0 || c.layers < 0) {
    throw Error(ErrorKind::InvalidArgument,
                "BERT text model: width, heads and head width must be "
                "positive");
  }
  const auto add = [this](const std::string& name, auto layer) {
    return nn::register_path(*this, "transformer." + name, layer);
  };
  const int64_t inner = c.heads * c.head_width;
  token_emb_ = add("token_emb", nn::Embedding(c.vocabulary, c.width, 0.02));
  pos_emb_ = add("pos_emb.emb", nn::Embedding(c.positions, c.width, 0.02));
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string attention = "attn_layers.layers." + std::to_string(2 * i);
    const std::string feed_forward = "attn_layers.layers." + std::to_string(2 * i + 1);
    auto& layer = layers_.emplace_back();
    layer.attention_norm = add(attention + ".0", nn::LayerNorm(c.width));
    layer.to_q = add(attention + ".1.to_q", nn::Linear(c.width, inner, false));
    layer.to_k = add(attention + ".1.to_k", nn::Linear(c.width, inner, false));
    layer.to_v = add(attention + ".1.to_v", nn::Linear(c.width, inner, false));
    layer.to_out = add(attention + ".1.to_out", nn::Linear(inner, c.width));
    layer.feed_forward_norm = add(feed_forward + ".0", nn::LayerNorm(c.width));
    layer.expand = add(feed_forward + ".1.net.0.0", nn::Linear(c.width, 4 * c.width));
    layer.contract = add(feed_forward + ".1.net.2", nn::Linear(4 * c.width, c.width));
  }
  norm_ = add("norm", nn::LayerNorm(c.width));
  // The checkpoints carry the language model's head; conditioning never uses it.
  add("to_logits", nn::Linear(c.width, c.vocabulary));
}

at::Tensor BertTextModelImpl::forward(const at::Tensor& ids) {
  expect_token_ids(ids, pos_emb_->weight.size(0), token_emb_->weight.size(0), "BERT");
  at::Tensor x = token_emb_(ids) + pos_emb_->weight.slice(0, 0, ids.size(1));
  for (auto& layer : layers_) {
    const at::Tensor normed = layer.attention_norm(x);
    x = x + layer.to_out(ops::multi_head_attention(layer.to_q(normed), layer.to_k(normed),
                                                   layer.to_v(normed), heads_));
    x = x + layer.contract(at::gelu(layer.expand(layer.feed_forward_norm(x))));
  }
  return norm_(x);
}

}  // namespace sfumato
