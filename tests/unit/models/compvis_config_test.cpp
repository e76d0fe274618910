#include "sfumato/models/compvis_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using nlohmann::json;

json unet_params() {
  return {{"in_channels", 4},       {"out_channels", 4},
          {"model_channels", 320},  {"attention_resolutions", {4, 2, 1}},
          {"num_res_blocks", 2},    {"channel_mult", {1, 2, 4, 4}},
          {"num_heads", 8},         {"use_spatial_transformer", true},
          {"transformer_depth", 1}, {"context_dim", 768},
          {"legacy", false},        {"use_checkpoint", true}};
}

UNetConfig read(const json& params, const char* target = "ldm.modules.x.UNetModel") {
  return unet_from_compvis({{"target", target}, {"params", params}});
}

json first_stage() {
  return {{"params",
           {{"embed_dim", 16},
            {"ddconfig",
             {{"double_z", true},
              {"z_channels", 16},
              {"resolution", 256},
              {"in_channels", 3},
              {"out_ch", 3},
              {"ch", 128},
              {"ch_mult", {1, 1, 2, 2, 4}},
              {"num_res_blocks", 2},
              {"attn_resolutions", {16}},
              {"dropout", 0.0}}}}}};
}

TEST(CompvisUNet, ReadsStableDiffusion1) {
  const UNetConfig c = read(unet_params());
  EXPECT_EQ(c.res_blocks, (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(c.attention_at_downsample, (std::vector<int64_t>{4, 2, 1}));
  EXPECT_EQ(c.heads, 8);
  EXPECT_EQ(c.channels_per_head, 0);
  EXPECT_EQ(c.context_width, 768);
  EXPECT_FALSE(c.linear_projection);
}

TEST(CompvisUNet, HeadChannelsWinOverHeads) {
  json params = unet_params();
  params["num_head_channels"] = 64;
  const UNetConfig c = read(params);
  EXPECT_EQ(c.heads, 0);
  EXPECT_EQ(c.channels_per_head, 64);
}

TEST(CompvisUNet, ReadsStableDiffusionXL) {
  json params = unet_params();
  params.erase("use_spatial_transformer");
  params["channel_mult"] = {1, 2, 4};
  params["transformer_depth"] = {0, 2, 10};
  params["context_dim"] = {2048, 2048};
  params["num_classes"] = "sequential";
  params["adm_in_channels"] = 2816;
  params["use_linear_in_transformer"] = true;
  const UNetConfig c = read(params, "sgm.modules.diffusionmodules.openaimodel.UNetModel");
  EXPECT_EQ(c.transformer_depth, (std::vector<int64_t>{0, 2, 10}));
  EXPECT_EQ(c.middle_transformer_depth, 10);
  EXPECT_EQ(c.context_width, 2048);
  EXPECT_EQ(c.vector_width, 2816);
  EXPECT_TRUE(c.linear_projection);
}

TEST(CompvisUNet, ReadsTheUpscaler) {
  json params = unet_params();
  params["num_classes"] = 1000;
  params["disable_self_attentions"] = {true, true, true, false};
  const UNetConfig c = read(params);
  EXPECT_EQ(c.class_count, 1000);
  EXPECT_EQ(c.self_attention, (std::vector<bool>{false, false, false, true}));
  EXPECT_TRUE(c.middle_self_attention);
}

TEST(CompvisUNet, WithoutTransformersThereIsNoContext) {
  json params = unet_params();
  params.erase("use_spatial_transformer");
  params.erase("context_dim");
  params["resblock_updown"] = true;
  const UNetConfig c = read(params);
  EXPECT_FALSE(c.context_width.has_value());
  EXPECT_TRUE(c.resample_in_res_block);
}

TEST(CompvisUNet, SaysWhatItCannotExpress) {
  const auto kind_with = [](const char* key, const json& value) {
    json params = unet_params();
    params[key] = value;
    try {
      read(params);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
      return error.kind();
    }
    ADD_FAILURE() << key << " was accepted";
    return ErrorKind::Io;
  };
  EXPECT_EQ(kind_with("num_classes", "continuous"), ErrorKind::Unsupported);
  EXPECT_EQ(kind_with("dims", 3), ErrorKind::Unsupported);
  EXPECT_EQ(kind_with("context_dim", {768, 1024}), ErrorKind::Unsupported);
  EXPECT_EQ(kind_with("model_channels", "many"), ErrorKind::InvalidArgument);
  EXPECT_EQ(kind_with("num_res_blocks", {1, 2}), ErrorKind::InvalidArgument);
  EXPECT_EQ(kind_with("num_heads", -1), ErrorKind::InvalidArgument);
}

TEST(CompvisAutoencoder, TurnsResolutionsIntoFactors) {
  const AutoencoderConfig c = autoencoder_from_compvis(first_stage());
  EXPECT_EQ(c.attention_at_downsample, (std::vector<int64_t>{16}));
  EXPECT_EQ(c.downsample(), 16);
  EXPECT_EQ(c.codebook_size, 0);
  EXPECT_TRUE(c.middle_attention);
}

TEST(CompvisAutoencoder, ReadsCodebooksAndModelsWithoutAttention) {
  json config = first_stage();
  config["params"]["n_embed"] = 8192;
  config["params"]["ddconfig"]["double_z"] = false;
  config["params"]["ddconfig"]["attn_type"] = "none";
  const AutoencoderConfig c = autoencoder_from_compvis(config);
  EXPECT_EQ(c.codebook_size, 8192);
  EXPECT_FALSE(c.middle_attention);
  EXPECT_TRUE(c.attention_at_downsample.empty());
}

TEST(CompvisConditioners, HaveTheOriginalsDefaults) {
  const auto bert = bert_from_compvis({{"params", {{"n_embed", 640}, {"n_layer", 32}}}});
  EXPECT_EQ(bert.vocabulary, 30522);
  EXPECT_EQ(bert.positions, 77);
  const auto classes = class_embedder_from_compvis({{"params", {{"embed_dim", 512}}}});
  EXPECT_EQ(classes.classes, 1000);
  const auto rescaler = spatial_rescaler_from_compvis({{"params", {{"n_stages", 2}}}});
  EXPECT_FALSE(rescaler.out_channels.has_value());
  EXPECT_EQ(rescaler.multiplier, 0.5);
}

TEST(CompvisConfig, NamesTheMissingKey) {
  try {
    bert_from_compvis({{"params", {{"n_layer", 32}}}});
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("n_embed"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sfumato
