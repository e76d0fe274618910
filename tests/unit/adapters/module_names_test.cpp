#include "sfumato/adapters/module_names.h"

#include <gtest/gtest.h>

#include "adapters_support.h"

namespace sfumato {
namespace {

AdapterNames names_of(const std::string& family) {
  const Model model = describe_model(find_family(family));
  return AdapterNames(model.config, checkpoint_tensors(model));
}

TEST(AdapterNames, FindsALayerInEveryDialect) {
  const auto names = names_of("sd15");
  const std::string wanted =
      "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_out.0.weight";
  for (const char* module : {
           "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
           "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_out_0",
           "oft_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
           "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0",
           "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out",
           "down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_out",
           "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_out.0",
       }) {
    const AdapterTarget* target = names.find(module);
    ASSERT_NE(target, nullptr) << module;
    EXPECT_EQ(target->weight, wanted) << module;
    EXPECT_FALSE(target->text_encoder);
  }
}

TEST(AdapterNames, FindsTextEncodersByTheirHuggingFaceNames) {
  const auto names = names_of("sdxl_base");
  const std::string layer = "text_model_encoder_layers_3_self_attn_k_proj";
  const AdapterTarget* first = names.find("lora_te1_" + layer);
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->text_encoder);
  EXPECT_EQ(names.find("text_encoder.text_model.encoder.layers.3.self_attn.to_k"), first);

  const AdapterTarget* second = names.find("lora_te2_" + layer);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->weight,
            "conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_weight");
  EXPECT_EQ(second->bias,
            "conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_bias");
  EXPECT_EQ(second->third, 1);
  EXPECT_TRUE(names.find("lora_te2_text_projection")->transposed);
}

TEST(AdapterNames, TakesTheOnlyEncoderOfStableDiffusion2AsTheFirst) {
  const auto names = names_of("sd21_base");
  const AdapterTarget* target = names.find("lora_te_text_model_encoder_layers_0_mlp_fc1");
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->weight, "cond_stage_model.model.transformer.resblocks.0.mlp.c_fc.weight");
  EXPECT_EQ(names.find("lora_te2_text_model_encoder_layers_0_mlp_fc1"), nullptr);
}

TEST(AdapterNames, NamesTheNearestOfWhatItLacks) {
  const auto names = names_of("sd15");
  EXPECT_EQ(names.find("lora_unet_down_blocks_9_attentions_0_proj_in"), nullptr);
  EXPECT_FALSE(names.nearest_to("lora_unet_down_blocks_9_attentions_0_proj_in").empty());
  EXPECT_EQ(names.nearest_to(std::string(100'000, 'x')), "");
}

TEST(AdapterNames, ListEveryLayerInBothLayouts) {
  for (const char* family : {"sd15", "sd15_inpaint", "sd21_v", "sdxl_base", "sdxl_refiner"}) {
    const Model model = describe_model(find_family(family));
    const TensorMap tensors = checkpoint_tensors(model);
    const AdapterNames names(model.config, tensors);
    for (const auto& [name, tensor] : tensors) {
      const std::string& prefix = model.config.checkpoint.unet;
      if (!name.starts_with(prefix) || !name.ends_with(".weight")) continue;
      const auto layer = name.substr(prefix.size(), name.size() - prefix.size() - 7);
      const AdapterTarget* target = names.find("unet." + layer);
      ASSERT_NE(target, nullptr) << family << " " << layer;
      EXPECT_EQ(target->weight, name);
    }
    for (const char* layer :
         {"lora_unet_conv_in", "lora_unet_conv_out", "lora_unet_time_embedding_linear_2",
          "lora_unet_down_blocks_0_downsamplers_0_conv", "lora_unet_up_blocks_1_upsamplers_0_conv",
          "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_v",
          "lora_unet_up_blocks_1_attentions_2_transformer_blocks_0_ff_net_0_proj",
          "lora_unet_up_blocks_0_resnets_2_conv_shortcut"}) {
      EXPECT_NE(names.find(layer), nullptr) << family << " " << layer;
    }
  }
}

}  // namespace
}  // namespace sfumato
