#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/diffusers_convert.h"
#include "sfumato/checkpoint/diffusers_folder.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/checkpoint/split_part.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

/// Two levels of one block each, attention in the coarser one only.
TensorMap small_unet() {
  TensorMap unet;
  for (const char* name :
       {"input_blocks.0.0.weight", "input_blocks.1.0.in_layers.0.weight",
        "input_blocks.2.0.op.bias", "input_blocks.3.0.skip_connection.weight",
        "input_blocks.3.1.proj_in.weight", "middle_block.1.norm.weight",
        "output_blocks.0.1.proj_in.weight", "output_blocks.1.0.out_layers.3.weight",
        "output_blocks.1.1.proj_in.weight", "output_blocks.1.2.conv.weight",
        "output_blocks.2.0.emb_layers.1.bias", "time_embed.2.weight", "label_emb.0.0.weight",
        "out.2.bias"}) {
    unet[name] = at::rand({2, 3});
  }
  return unet;
}

void expect_same(const TensorMap& got, const TensorMap& want) {
  EXPECT_EQ(got.size(), want.size());
  for (const auto& [name, tensor] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_TRUE(at::equal(got.at(name), tensor)) << name;
  }
}

TEST(Diffusers, NamesOfAUNetGoBothWays) {
  const TensorMap single = small_unet();
  const TensorMap folder = to_folder(DiffusersPart::UNet, single, "x");
  for (const char* name :
       {"down_blocks.0.resnets.0.norm1.weight", "down_blocks.0.downsamplers.0.conv.bias",
        "down_blocks.1.attentions.0.proj_in.weight", "up_blocks.0.upsamplers.0.conv.weight",
        "up_blocks.0.attentions.1.proj_in.weight", "up_blocks.1.resnets.0.time_emb_proj.bias",
        "class_embedding.linear_1.weight"}) {
    EXPECT_TRUE(folder.contains(name)) << name;
  }
  expect_same(to_single_file(DiffusersPart::UNet, folder, "x"), single);
  const TensorMap added = to_folder(DiffusersPart::AddedUNet, single, "x");
  EXPECT_TRUE(added.contains("add_embedding.linear_1.weight"));
  expect_same(to_single_file(DiffusersPart::AddedUNet, added, "x"), single);
}

TEST(Diffusers, TheAutoencoderCountsItsLevelsBackwards) {
  TensorMap single{{"encoder.down.0.block.0.conv1.weight", at::rand({1})},
                   {"encoder.down.1.block.0.nin_shortcut.weight", at::rand({1})},
                   {"decoder.up.1.block.1.norm1.weight", at::rand({1})},
                   {"decoder.up.1.upsample.conv.weight", at::rand({1})},
                   {"decoder.mid.attn_1.q.weight", at::rand({4, 4, 1, 1})},
                   {"decoder.mid.attn_1.q.bias", at::rand({4})}};
  const TensorMap folder = to_folder(DiffusersPart::Vae, single, "x");
  EXPECT_TRUE(folder.contains("decoder.up_blocks.0.resnets.1.norm1.weight"));
  EXPECT_TRUE(folder.contains("decoder.up_blocks.0.upsamplers.0.conv.weight"));
  EXPECT_EQ(folder.at("decoder.mid_block.attentions.0.to_q.weight").dim(), 2);
  expect_same(to_single_file(DiffusersPart::Vae, folder, "x"), single);

  TensorMap old = folder;
  auto query = old.extract("decoder.mid_block.attentions.0.to_q.weight");
  query.key() = "decoder.mid_block.attentions.0.query.weight";
  old.insert(std::move(query));
  expect_same(to_single_file(DiffusersPart::Vae, old, "x"), single);
}

TEST(Diffusers, NamesOfAnImageTowerGoBothWays) {
  TensorMap single{{"class_embedding", at::rand({6})},
                   {"positional_embedding", at::rand({5, 6})},
                   {"conv1.weight", at::rand({6, 3, 2, 2})},
                   {"ln_pre.bias", at::rand({6})},
                   {"ln_post.weight", at::rand({6})},
                   {"proj", at::rand({6, 4})},
                   {"transformer.resblocks.1.attn.in_proj_weight", at::rand({18, 6})},
                   {"transformer.resblocks.1.attn.out_proj.bias", at::rand({6})},
                   {"transformer.resblocks.0.ln_1.weight", at::rand({6})}};
  const TensorMap folder = to_folder(DiffusersPart::ClipImage, single, "x");
  EXPECT_EQ(folder.at("visual_projection.weight").sizes(), at::IntArrayRef({4, 6}));
  EXPECT_EQ(folder.at("vision_model.encoder.layers.1.self_attn.v_proj.weight").size(0), 6);
  EXPECT_TRUE(folder.contains("vision_model.embeddings.patch_embedding.weight"));
  EXPECT_TRUE(folder.contains("vision_model.pre_layrnorm.bias"));
  expect_same(to_single_file(DiffusersPart::ClipImage, folder, "x"), single);
}

TEST(Diffusers, JoinsQueryKeyAndValue) {
  const TensorMap single{{"transformer.resblocks.0.attn.in_proj_weight", at::rand({6, 2})},
                         {"transformer.resblocks.0.attn.in_proj_bias", at::rand({6})},
                         {"transformer.resblocks.0.mlp.c_fc.weight", at::rand({8, 2})},
                         {"positional_embedding", at::rand({3, 2})},
                         {"text_projection", at::rand({2, 5})}};
  TensorMap folder = to_folder(DiffusersPart::OpenClipText, single, "x");
  EXPECT_EQ(folder.at("text_projection.weight").size(0), 5);
  EXPECT_TRUE(at::equal(folder.at("text_model.encoder.layers.0.self_attn.k_proj.bias"),
                        single.at("transformer.resblocks.0.attn.in_proj_bias").narrow(0, 2, 2)));
  expect_same(to_single_file(DiffusersPart::OpenClipText, folder, "x"), single);
  folder.erase("text_model.encoder.layers.0.self_attn.k_proj.bias");
  EXPECT_THROW(to_single_file(DiffusersPart::OpenClipText, folder, "x"), Error);
}

TEST(Diffusers, ReadsAFolderOfPartsVariantsAndShards) {
  const fs::path folder = fs::path(testing::TempDir()) / "sfumato_diffusers";
  fs::remove_all(folder);
  for (const char* part : {"unet", "vae", "text_encoder", "scheduler"}) {
    fs::create_directories(folder / part);
  }
  EXPECT_FALSE(is_diffusers_folder(folder));
  write_file_atomically(folder / "model_index.json",
                        R"({"_class_name": "StableDiffusionPipeline",
                            "unet": ["diffusers", "UNet2DConditionModel"],
                            "vae": ["diffusers", "AutoencoderKL"],
                            "safety_checker": [null, null],
                            "text_encoder": ["transformers", "CLIPTextModel"]})");
  write_file_atomically(folder / "scheduler/scheduler_config.json",
                        R"({"prediction_type": "v_prediction"})");
  write_file_atomically(folder / "text_encoder/config.json", R"({"hidden_act": "quick_gelu"})");
  const at::Tensor a = at::rand({2}), b = at::rand({3});
  save_safetensors(folder / "unet/diffusion_pytorch_model.fp16.safetensors", {{"conv_in.bias", a}});
  save_safetensors(folder / "vae/diffusion_pytorch_model-1.safetensors", {{"quant_conv.bias", a}});
  save_safetensors(folder / "vae/diffusion_pytorch_model-2.safetensors",
                   {{"encoder.conv_norm_out.bias", b}});
  write_file_atomically(folder / "vae/diffusion_pytorch_model.safetensors.index.json",
                        R"({"weight_map": {
                            "quant_conv.bias": "diffusion_pytorch_model-1.safetensors",
                            "encoder.conv_norm_out.bias": "diffusion_pytorch_model-2.safetensors"}})");
  save_safetensors(folder / "text_encoder/model.safetensors",
                   {{"text_model.final_layer_norm.bias", b}});

  const Checkpoint checkpoint = open_checkpoint(folder);
  EXPECT_EQ(checkpoint.format, CheckpointFormat::Diffusers);
  expect_same(checkpoint.tensors,
              {{"model.diffusion_model.input_blocks.0.0.bias", a},
               {"first_stage_model.quant_conv.bias", a},
               {"first_stage_model.encoder.norm_out.bias", b},
               {"cond_stage_model.transformer.text_model.final_layer_norm.bias", b}});
  EXPECT_EQ(checkpoint.metadata.at("diffusers.pipeline"), "StableDiffusionPipeline");

  fs::remove(folder / "unet/diffusion_pytorch_model.fp16.safetensors");
  EXPECT_THROW(open_checkpoint(folder), Error);
}

TEST(SplitPart, FindsAnAutoencoderUnderEveryName) {
  const at::Tensor norm = at::rand({4});
  const std::string name = "decoder.up.0.block.0.norm1.weight";
  const TensorMap want{{"first_stage_model." + name, norm}};
  const auto part = [](const TensorMap& file) {
    return split_part(file, DiffusersPart::Vae, "first_stage_model.", "x");
  };
  expect_same(part({{name, norm}, {"loss.logvar", norm}, {"model_ema.decay", norm}}), want);
  expect_same(part({{"first_stage_model." + name, norm}, {"betas", norm}}), want);
  expect_same(part({{"decoder.up_blocks.0.resnets.0.norm1.weight", norm},
                    {"encoder.down_blocks.0.resnets.0.norm1.weight", norm}}),
              {{"first_stage_model." + name, norm},
               {"first_stage_model.encoder.down.0.block.0.norm1.weight", norm}});
  EXPECT_THROW(part({{"betas", norm}}), Error);
}

TEST(Diffusers, TheUnusedPartsOfATextTowerAreKept) {
  const TensorMap single{{"transformer.resblocks.0.ln_1.weight", at::rand({4})},
                         {"transformer.resblocks.1.ln_1.weight", at::rand({4})},
                         {"transformer.resblocks.1.attn.in_proj_weight", at::rand({12, 4})},
                         {"text_projection", at::rand({4, 4})},
                         {"logit_scale", at::rand({})}};
  TensorMap folder = to_folder(DiffusersPart::OpenClipPenultimate, single, "x");
  EXPECT_TRUE(folder.contains("text_model.encoder.layers.0.layer_norm1.weight"));
  EXPECT_TRUE(folder.contains("transformer.resblocks.1.ln_1.weight"));
  expect_same(to_single_file(DiffusersPart::OpenClipPenultimate, folder, "x"), single);
  complete_open_clip(DiffusersPart::OpenClipPenultimate, folder);
  EXPECT_TRUE(at::equal(folder.at("logit_scale"), single.at("logit_scale")));
}

TEST(Diffusers, CompletesTheTextTowerOfSd2) {
  TensorMap tower{{"transformer.resblocks.22.ln_1.weight", at::ones({4})},
                  {"ln_final.weight", at::ones({4})}};
  complete_open_clip(DiffusersPart::OpenClipPenultimate, tower);
  EXPECT_EQ(tower.at("transformer.resblocks.23.ln_1.weight").sum().item<float>(), 0.0f);
  EXPECT_EQ(tower.at("text_projection").numel(), 16);
  EXPECT_TRUE(tower.contains("logit_scale"));
}

}  // namespace
}  // namespace sfumato
