#include "sfumato/models/clip.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/nn/init.h"
#include "sfumato/tensor/autocast.h"

namespace sfumato {
namespace {

ClipConfig tiny_clip_config() {
  return {.text = {.vocabulary = 40,
                   .positions = 12,
                   .width = 16,
                   .layers = 2,
                   .heads = 2,
                   .projection = 8,
                   .activation = "quick_gelu"},
          .image = {.image_size = 16,
                    .patch_size = 8,
                    .width = 16,
                    .layers = 1,
                    .heads = 2,
                    .projection = 8}};
}

at::Tensor clip_ids() {
  return at::tensor({38, 3, 4, 5, 39, 0, 38, 7, 39, 0, 0, 0}, at::kLong).view({2, 6});
}

// A word in front knows what follows only where the mask is left out.
TEST(Clip, TokensSeeWhatFollowsUnlessCausal) {
  const at::NoGradGuard no_grad;
  const auto first_token_changes = [](bool causal) {
    OpenClipTextConfig config = tiny_clip_config().text;
    config.causal = causal;
    OpenClipTextModel model(config);
    const at::Tensor ids = clip_ids().slice(0, 0, 1), other = ids.clone();
    other[0][3] = 9;
    return !model(ids).last[0][1].equal(model(other).last[0][1]);
  };
  EXPECT_FALSE(first_token_changes(true));
  EXPECT_TRUE(first_token_changes(false));
}

TEST(Clip, HasTheNamesOfTheOriginalCheckpoint) {
  Clip clip(tiny_clip_config());
  std::set<std::string> names;
  for (const auto& parameter : clip->named_parameters()) names.insert(parameter.key());
  const std::set<std::string> block{
      "ln_1.weight",          "ln_1.bias",          "attn.in_proj_weight", "attn.in_proj_bias",
      "attn.out_proj.weight", "attn.out_proj.bias", "ln_2.weight",         "ln_2.bias",
      "mlp.c_fc.weight",      "mlp.c_fc.bias",      "mlp.c_proj.weight",   "mlp.c_proj.bias"};
  std::set<std::string> expected{"positional_embedding",
                                 "text_projection",
                                 "logit_scale",
                                 "token_embedding.weight",
                                 "ln_final.weight",
                                 "ln_final.bias",
                                 "visual.class_embedding",
                                 "visual.positional_embedding",
                                 "visual.proj",
                                 "visual.conv1.weight",
                                 "visual.ln_pre.weight",
                                 "visual.ln_pre.bias",
                                 "visual.ln_post.weight",
                                 "visual.ln_post.bias"};
  for (const auto& name : block) {
    expected.insert("transformer.resblocks.0." + name);
    expected.insert("transformer.resblocks.1." + name);
    expected.insert("visual.transformer.resblocks.0." + name);
  }
  EXPECT_EQ(names, expected);
}

TEST(Clip, ATokenNeverSeesLaterOnes) {
  OpenClipTextModel text(tiny_clip_config().text);
  at::Tensor changed = clip_ids();
  changed.index_put_({at::tensor({0}, at::kLong), at::tensor({5}, at::kLong)},
                     at::tensor({11}, at::kLong));
  const auto before = text->forward(clip_ids()).last, after = text->forward(changed).last;
  EXPECT_TRUE(at::equal(before.slice(1, 0, 5), after.slice(1, 0, 5)));
  EXPECT_FALSE(at::allclose(before.select(1, 5).select(0, 0), after.select(1, 5).select(0, 0)));
}

TEST(Clip, PooledFeaturesComeFromTheEndToken) {
  OpenClipTextModel text(tiny_clip_config().text);
  // What stands behind EOS cannot matter, nor does the padding's length.
  const auto whole = text->forward(clip_ids()).pooled;
  const auto cut = text->forward(clip_ids().slice(0, 0, 1).slice(1, 0, 5)).pooled;
  EXPECT_TRUE(at::allclose(whole[0], cut[0], 1e-5, 1e-6));
}

TEST(Clip, PenultimateIsTheInputOfTheLastBlock) {
  OpenClipTextConfig one_layer = tiny_clip_config().text;
  one_layer.layers = 1;
  OpenClipTextModel text(one_layer);
  const auto parameters = text->named_parameters();
  const at::Tensor input = parameters["token_embedding.weight"].index({clip_ids()}) +
                           parameters["positional_embedding"].slice(0, 0, 6);
  EXPECT_TRUE(at::allclose(text->forward(clip_ids()).penultimate, input));
}

TEST(Clip, GradientsReachEveryParameter) {
  Clip clip(tiny_clip_config());
  const auto logits = clip_logits(clip->encode_image(at::randn({2, 3, 16, 16})),
                                  clip->encode_text(clip_ids()), clip->logit_scale);
  logits.log_softmax(-1).diagonal().mean().neg().backward();
  for (const auto& parameter : clip->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_TRUE(parameter.value().grad().isfinite().all().item<bool>()) << parameter.key();
  }
}

TEST(Clip, LogitsAreScaledCosines) {
  Clip clip(tiny_clip_config());
  const auto x = at::randn({3, 8});
  const auto logits = clip_logits(x, x * 5.0, clip->logit_scale);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(logits[i][i].item<double>(), 1.0 / 0.07, 1e-3);  // the initial temperature
  }
}

TEST(Clip, TrainsUnderAutocast) {
  Clip clip(tiny_clip_config());
  const Autocast autocast(at::kCPU, at::kBFloat16);
  const auto logits = clip_logits(clip->encode_image(at::randn({2, 3, 16, 16})),
                                  clip->encode_text(clip_ids()), clip->logit_scale);
  EXPECT_TRUE(logits.isfinite().all().item<bool>());
  logits.sum().backward();
  EXPECT_EQ(clip->logit_scale.grad().scalar_type(), at::kFloat);
}

TEST(Clip, StartsWithTheSpreadOfThePaper) {
  ClipConfig config = tiny_clip_config();
  config.text.width = 128;
  config.text.vocabulary = 500;
  OpenClipTextModel text(config.text);
  const auto p = text->named_parameters();
  const double attention = 1.0 / std::sqrt(128.0);
  const auto std = [&](const std::string& name) { return p[name].std().item<double>(); };
  EXPECT_NEAR(std("token_embedding.weight"), 0.02, 0.001);
  EXPECT_NEAR(std("positional_embedding"), 0.01, 0.001);
  EXPECT_NEAR(std("transformer.resblocks.0.attn.in_proj_weight"), attention, 0.05 * attention);
  EXPECT_NEAR(std("transformer.resblocks.1.mlp.c_proj.weight"), attention / 2.0, 0.05 * attention);
}

TEST(Clip, IsDescribedWithoutMemory) {
  const nn::InitGuard meta(nn::Init::Meta);
  OpenClipTextModel text(OpenClipTextConfig{});
  for (const auto& parameter : text->parameters()) EXPECT_TRUE(parameter.is_meta());
}

TEST(Clip, RefusesWhatDoesNotFit) {
  Clip clip(tiny_clip_config());
  EXPECT_THROW(clip->encode_image(at::zeros({1, 3, 24, 24})), Error);
  EXPECT_THROW(clip->encode_text(at::zeros({1, 13}, at::kLong)), Error);
  EXPECT_THROW(clip->encode_text(at::full({1, 3}, 40, at::kLong)), Error);
  EXPECT_THROW(clip->encode_text(at::zeros({1, 3})), Error);
  ClipConfig heads = tiny_clip_config();
  heads.text.heads = 3;
  EXPECT_THROW(Clip{heads}, Error);
  ClipConfig projections = tiny_clip_config();
  projections.image.projection = 9;
  EXPECT_THROW(Clip{projections}, Error);
  ClipConfig activation = tiny_clip_config();
  activation.text.activation = "relu";
  EXPECT_THROW(Clip{activation}, Error);
}

}  // namespace
}  // namespace sfumato
