#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/models/bert_text_model.h"
#include "sfumato/models/clip_text_model.h"
#include "sfumato/models/open_clip_text_model.h"

namespace sfumato {
namespace {

ClipTextConfig tiny_clip() {
  return {.vocabulary = 30, .positions = 8, .width = 12, .layers = 2, .heads = 3, .mlp_width = 20};
}

BertTextConfig tiny_bert() {
  return {.vocabulary = 30, .positions = 8, .width = 12, .layers = 2, .heads = 2, .head_width = 4};
}

at::Tensor ids() { return at::tensor({1, 2, 3, 29, 0, 5, 4, 29, 0, 0}, at::kLong).view({2, 5}); }

at::Tensor with_last_token_changed(const at::Tensor& ids) {
  at::Tensor changed = ids.clone();
  changed.select(1, ids.size(1) - 1).fill_(7);
  return changed;
}

TEST(ClipTextModel, HasTheNamesOfHuggingFace) {
  ClipTextModel model(tiny_clip());
  const auto parameters = model->named_parameters();
  EXPECT_EQ(parameters.size(), 4u + 2u * 16u);
  for (const char* name :
       {"text_model.embeddings.token_embedding.weight",
        "text_model.embeddings.position_embedding.weight", "text_model.final_layer_norm.bias",
        "text_model.encoder.layers.1.self_attn.q_proj.weight",
        "text_model.encoder.layers.1.self_attn.out_proj.bias",
        "text_model.encoder.layers.0.layer_norm1.weight",
        "text_model.encoder.layers.0.layer_norm2.weight",
        "text_model.encoder.layers.0.mlp.fc1.weight", "text_model.encoder.layers.0.mlp.fc2.bias"}) {
    EXPECT_TRUE(parameters.contains(name)) << name;
  }
}

// The two dialects of names describe one network: q, k and v stacked are in_proj.
TEST(ClipTextModel, EqualsTheOtherDialectWithTheSameWeights) {
  const ClipTextConfig c = tiny_clip();
  ClipTextModel model(c);
  OpenClipTextModel other(OpenClipTextConfig{.vocabulary = c.vocabulary,
                                             .positions = c.positions,
                                             .width = c.width,
                                             .layers = c.layers,
                                             .heads = c.heads,
                                             .mlp_ratio = 4,
                                             .projection = 6,
                                             .activation = "quick_gelu"});
  ClipTextConfig same = c;
  same.mlp_width = 4 * c.width;
  model = ClipTextModel(same);
  const at::NoGradGuard no_grad;
  const auto from = model->named_parameters();
  auto to = other->named_parameters();
  const auto copy = [&](const std::string& name, const at::Tensor& value) {
    to[name].copy_(value);
  };
  copy("token_embedding.weight", from["text_model.embeddings.token_embedding.weight"]);
  copy("positional_embedding", from["text_model.embeddings.position_embedding.weight"]);
  for (int64_t i = 0; i < c.layers; ++i) {
    const std::string a = "text_model.encoder.layers." + std::to_string(i) + ".";
    const std::string b = "transformer.resblocks." + std::to_string(i) + ".";
    for (const std::string part : {"weight", "bias"}) {
      copy(b + "attn.in_proj_" + part,
           at::cat({from[a + "self_attn.q_proj." + part], from[a + "self_attn.k_proj." + part],
                    from[a + "self_attn.v_proj." + part]}));
      copy(b + "attn.out_proj." + part, from[a + "self_attn.out_proj." + part]);
      copy(b + "mlp.c_fc." + part, from[a + "mlp.fc1." + part]);
      copy(b + "mlp.c_proj." + part, from[a + "mlp.fc2." + part]);
    }
  }
  const auto hidden = model->forward(ids());
  const auto features = other->forward(ids());
  EXPECT_TRUE(at::allclose(hidden.last, features.last, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(hidden.penultimate, features.penultimate, 1e-5, 1e-6));
  EXPECT_TRUE(
      at::allclose(hidden.penultimate_ln, other->final_norm(features.penultimate), 1e-5, 1e-6));
}

TEST(ClipTextModel, IsCausal) {
  ClipTextModel model(tiny_clip());
  const auto a = model->forward(ids()).last,
             b = model->forward(with_last_token_changed(ids())).last;
  EXPECT_TRUE(at::equal(a.slice(1, 0, 4), b.slice(1, 0, 4)));
  EXPECT_FALSE(at::allclose(a.select(1, 4), b.select(1, 4)));
}

TEST(ClipTextModel, PoolsAtTheFirstHighestId) {
  ClipTextModel model(tiny_clip());
  const auto padded = at::tensor({1, 2, 29, 29, 29}, at::kLong).view({1, 5});
  const auto hidden = model->forward(padded);
  EXPECT_TRUE(at::equal(hidden.pooled[0], hidden.last[0][2]));
}

TEST(ClipTextModel, RefusesWhatDoesNotFit) {
  ClipTextConfig heads = tiny_clip();
  heads.heads = 5;
  EXPECT_THROW(ClipTextModel{heads}, Error);
  ClipTextModel model(tiny_clip());
  EXPECT_THROW(model->forward(at::zeros({1, 9}, at::kLong)), Error);
  EXPECT_THROW(model->forward(at::full({1, 2}, -1, at::kLong)), Error);
}

TEST(BertTextModel, HasTheNamesAndShapesOfTheCheckpoint) {
  BertTextModel model(tiny_bert());
  const auto p = model->named_parameters();
  EXPECT_EQ(p.size(), 2u + 2u * (7u + 6u) + 4u);
  EXPECT_EQ(p["transformer.attn_layers.layers.2.1.to_q.weight"].sizes(), at::IntArrayRef({8, 12}));
  EXPECT_EQ(p["transformer.attn_layers.layers.2.1.to_out.bias"].sizes(), at::IntArrayRef({12}));
  EXPECT_EQ(p["transformer.attn_layers.layers.3.1.net.0.0.weight"].sizes(),
            at::IntArrayRef({48, 12}));
  EXPECT_TRUE(p.contains("transformer.attn_layers.layers.3.1.net.2.bias"));
  EXPECT_TRUE(p.contains("transformer.to_logits.weight"));
  EXPECT_EQ(model->forward(ids()).sizes(), at::IntArrayRef({2, 5, 12}));
}

TEST(BertTextModel, EveryTokenSeesEveryOther) {
  BertTextModel model(tiny_bert());
  const auto a = model->forward(ids()), b = model->forward(with_last_token_changed(ids()));
  EXPECT_FALSE(at::allclose(a.select(1, 0), b.select(1, 0), 1e-5, 1e-7));
}

TEST(BertTextModel, TrainsEverythingButTheUnusedHead) {
  BertTextModel model(tiny_bert());
  model->forward(ids()).square().sum().backward();
  for (const auto& parameter : model->named_parameters()) {
    const bool head = parameter.key().find("to_logits") != std::string::npos;
    EXPECT_EQ(parameter.value().grad().defined(), !head) << parameter.key();
  }
}

}  // namespace
}  // namespace sfumato
