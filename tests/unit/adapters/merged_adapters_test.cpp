#include "sfumato/adapters/merged_adapters.h"

#include <gtest/gtest.h>

#include <memory>

#include "adapters_support.h"
#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {
namespace {

constexpr const char* kProjection = "lora_unet_mid_block_attentions_0_proj_in";
constexpr const char* kProjectionWeight = "model.diffusion_model.middle_block.1.proj_in.weight";
constexpr const char* kText = "lora_te_text_model_encoder_layers_0_mlp_fc1";
constexpr const char* kTextWeight =
    "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight";

// tiny_sd1: 32 channels in the middle, a text encoder of width 16.
std::shared_ptr<const Adapter> lora(double seed) {
  return std::make_shared<const Adapter>(
      parse_adapter({{std::string(kProjection) + ".lora_up.weight", wave({32, 2}, seed)},
                     {std::string(kProjection) + ".lora_down.weight", wave({2, 32}, seed + 1)},
                     {std::string(kText) + ".lora_up.weight", wave({64, 2}, seed + 2)},
                     {std::string(kText) + ".lora_down.weight", wave({2, 16}, seed + 3)}},
                    {}, "ink.safetensors"));
}

TensorMap copy_of(const TensorMap& tensors) {
  TensorMap copy;
  for (const auto& [name, tensor] : tensors) copy[name] = tensor.detach().clone();
  return copy;
}

void expect_same(const TensorMap& got, const TensorMap& want) {
  for (const auto& [name, tensor] : want) EXPECT_TRUE(at::equal(got.at(name), tensor)) << name;
}

struct Fixture {
  Model model;
  TensorMap tensors, before;
  MergedAdapters merged;

  explicit Fixture(at::ScalarType dtype = at::kFloat) : Fixture(made(dtype)) {}

 private:
  static Model made(at::ScalarType dtype) {
    Model model = tiny_model("tiny_sd1");
    move_to(model, at::kCPU, dtype);
    return model;
  }
  explicit Fixture(Model m)
      : model(std::move(m)),
        tensors(checkpoint_tensors(model)),
        before(copy_of(tensors)),
        merged(AdapterNames(model.config, tensors), tensors) {}
};

TEST(MergedAdapters, ChangeTheModelAndLeaveNoTrace) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    Fixture f(dtype);
    for (int i = 0; i < 20; ++i) {
      f.merged.set({{lora(1.0), 0.3 * i, 0.7}, {lora(2.0), 1.0, -0.2 * i}});
    }
    EXPECT_FALSE(at::equal(f.tensors.at(kProjectionWeight), f.before.at(kProjectionWeight)));
    f.merged.set({});
    expect_same(f.tensors, f.before);
  }
}

TEST(MergedAdapters, DependOnTheAdaptersInUseAndNotOnTheWayThere) {
  Fixture direct, roundabout;
  const auto a = lora(1.0), b = lora(2.0);
  direct.merged.set({{a, 0.5, 0.8}, {b, 1.0, 0.4}});
  roundabout.merged.set({{a, 1.0, 1.0}});
  roundabout.merged.set({{b, -1.0, 3.0}, {a, 0.1, 0.0}});
  roundabout.merged.set({{b, 1.0, 0.4}, {a, 0.5, 0.8}});
  for (const auto& [name, tensor] : direct.tensors) {
    EXPECT_TRUE(at::allclose(tensor, roundabout.tensors.at(name), 1e-5, 1e-6)) << name;
  }
}

TEST(MergedAdapters, WeighTextEncodersAndUNetSeparately) {
  Fixture f;
  f.merged.set({{lora(1.0), 0.0, 1.0}});
  EXPECT_FALSE(at::equal(f.tensors.at(kProjectionWeight), f.before.at(kProjectionWeight)));
  EXPECT_TRUE(at::equal(f.tensors.at(kTextWeight), f.before.at(kTextWeight)));
  f.merged.set({{lora(1.0), 1.0, 0.0}});
  EXPECT_TRUE(at::equal(f.tensors.at(kProjectionWeight), f.before.at(kProjectionWeight)));
  EXPECT_FALSE(at::equal(f.tensors.at(kTextWeight), f.before.at(kTextWeight)));
}

TEST(MergedAdapters, ReportWhatHasNoEffect) {
  Fixture f;
  auto adapter = *lora(1.0);
  adapter.modules.push_back(
      {"lora_unet_mid_block_attentions_7_proj_in",
       {{"up", {"lora_unet_mid_block_attentions_7_proj_in.lora_up.weight", wave({2, 2})}}}});
  const auto reports = f.merged.set({{std::make_shared<const Adapter>(adapter), 1.0, 1.0}});
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0],
            "ink.safetensors: changes 1 layer of the U-Net and 1 of the text encoders (2 LoRA); no "
            "effect: 1 tensor, lora_unet_mid_block_attentions_7_proj_in.lora_up.weight (the model "
            "has mid_block_attentions_0_proj_in)");
}

TEST(MergedAdapters, RefuseAnAdapterOfAnotherBaseModelAndChangeNothing) {
  Fixture f;
  const std::string layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k";
  const auto other = std::make_shared<const Adapter>(parse_adapter(
      {{layer + ".lora_up.weight", wave({32, 2})}, {layer + ".lora_down.weight", wave({2, 2048})}},
      {}, "xl.safetensors"));
  const Error error = error_of([&] { f.merged.set({{lora(1.0), 1.0, 1.0}, {other, 1.0, 1.0}}); });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
  EXPECT_STREQ(error.what(),
               "xl.safetensors does not fit this model: module "
               "'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k': it makes a "
               "change of [32, 2048], the weight is [32, 16] "
               "(model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_k.weight)");
  EXPECT_EQ(error.hint(), "it was made for SDXL; use it with such a model");
  expect_same(f.tensors, f.before);

  const auto foreign = std::make_shared<const Adapter>(
      parse_adapter({{"transformer.x.lora_up.weight", wave({2, 2})}}, {}, "y.safetensors"));
  EXPECT_EQ(error_of([&] { f.merged.set({{foreign, 1.0, 1.0}}); }).kind(), ErrorKind::Corrupt);
}

TEST(MergedAdapters, ReachFusedAndTransposedWeights) {
  Model model = tiny_model("tiny_sdxl");
  const TensorMap tensors = checkpoint_tensors(model), before = copy_of(tensors);
  MergedAdapters merged(AdapterNames(model.config, tensors), tensors);
  const std::string key = "lora_te2_text_model_encoder_layers_1_self_attn_k_proj";
  const at::Tensor diff = wave({24, 24}), bias = wave({24}), projection = wave({24, 24}, 0.3);
  const auto adapter =
      std::make_shared<const Adapter>(parse_adapter({{key + ".diff", diff},
                                                     {key + ".diff_b", bias},
                                                     {"lora_te2_text_projection.diff", projection}},
                                                    {}, "full.safetensors"));
  merged.set({{adapter, 0.5, 1.0}});

  const std::string root = "conditioner.embedders.1.model.";
  const auto changed = [&](const std::string& name) {
    return tensors.at(root + name) - before.at(root + name);
  };
  const auto weight = changed("transformer.resblocks.1.attn.in_proj_weight");
  EXPECT_TRUE(at::allclose(weight.narrow(0, 24, 24), 0.5 * diff, 1e-5, 1e-6));
  EXPECT_EQ(weight.narrow(0, 0, 24).abs().max().item<float>(), 0.0f);
  EXPECT_TRUE(at::allclose(changed("transformer.resblocks.1.attn.in_proj_bias").narrow(0, 24, 24),
                           0.5 * bias, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(changed("text_projection"), 0.5 * projection.t(), 1e-5, 1e-6));
}

}  // namespace
}  // namespace sfumato
