#include "sfumato/checkpoint/merge_checkpoints.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

const std::string kUNet = "model.diffusion_model.";

TensorMap constant(double value, at::ScalarType type = at::kFloat) {
  TensorMap tensors;
  for (const char* name : {"input_blocks.3.0.op.weight", "middle_block.1.norm.weight", "out.2.bias",
                           "output_blocks.11.0.weight", "time_embed.0.bias"}) {
    tensors[kUNet + name] = at::full({2, 3}, value, type);
  }
  tensors["first_stage_model.quant_conv.bias"] = at::full({4}, value, type);
  return tensors;
}

double at_name(const TensorMap& tensors, const std::string& name) {
  return tensors.at(name).flatten()[0].item<double>();
}

std::string refusal(const TensorMap& a, const TensorMap& b) {
  try {
    weighted_sum({a, "a"}, {b, "b"}, {});
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    return e.what();
  }
  return "accepted";
}

TEST(MergeCheckpoints, TheSumGoesFromOneToTheOther) {
  const TensorMap a{{"w", at::rand({8, 8})}}, b{{"w", at::rand({8, 8})}};
  const auto sum = [&](double alpha) {
    return weighted_sum({a, "a"}, {b, "b"}, {.alpha = alpha}).at("w");
  };
  EXPECT_TRUE(at::equal(sum(0.0), a.at("w")));
  EXPECT_TRUE(at::equal(sum(1.0), b.at("w")));
  EXPECT_TRUE(at::allclose(sum(0.25), 0.75 * a.at("w") + 0.25 * b.at("w")));
}

TEST(MergeCheckpoints, ComputesInFloat32AndKeepsTheType) {
  const TensorMap a = constant(1.0, at::kHalf), b = constant(1.0 + 1.0 / 1024, at::kFloat);
  const TensorMap sum = weighted_sum({a, "a"}, {b, "b"}, {.alpha = 1.0});
  EXPECT_EQ(sum.begin()->second.scalar_type(), at::kHalf);
  EXPECT_EQ(at_name(sum, sum.begin()->first), 1.0 + 1.0 / 1024);
}

TEST(MergeCheckpoints, WholeNumbersAreTheFirstOnes) {
  const TensorMap a{{"ids", at::arange(3)}}, b{{"other", at::ones({1})}};
  const TensorMap sum = weighted_sum({a, "a"}, {b, "b"}, {});
  EXPECT_EQ(sum.size(), 1u);
  EXPECT_TRUE(at::equal(sum.at("ids"), a.at("ids")));
}

TEST(MergeCheckpoints, AddsADifference) {
  const TensorMap a = constant(1.0), b = constant(5.0), c = constant(3.0);
  const TensorMap sum = add_difference({a, "a"}, {b, "b"}, {c, "c"}, {.alpha = 0.5});
  for (const auto& [name, tensor] : sum) EXPECT_EQ(at_name(sum, name), 2.0) << name;
}

TEST(MergeCheckpoints, BlocksHaveTheirOwnWeights) {
  MergeWeights weights{.alpha = 0.5};
  weights.blocks.assign(kMergeBlocks, 0.0);
  weights.blocks[0] = 0.125;
  weights.blocks[3] = 0.25;
  weights.blocks[12] = 0.75;
  weights.blocks[24] = 1.0;
  const TensorMap a = constant(0.0), b = constant(1.0);
  const TensorMap sum = weighted_sum({a, "a"}, {b, "b"}, weights);
  EXPECT_EQ(at_name(sum, kUNet + "time_embed.0.bias"), 0.125);
  EXPECT_EQ(at_name(sum, kUNet + "input_blocks.3.0.op.weight"), 0.25);
  EXPECT_EQ(at_name(sum, kUNet + "middle_block.1.norm.weight"), 0.75);
  EXPECT_EQ(at_name(sum, kUNet + "output_blocks.11.0.weight"), 1.0);
  EXPECT_EQ(at_name(sum, kUNet + "out.2.bias"), 1.0);
  EXPECT_EQ(at_name(sum, "first_stage_model.quant_conv.bias"), 0.5);  // outside: alpha
}

TEST(MergeCheckpoints, NamesTellTheBlock) {
  EXPECT_EQ(merge_block("input_blocks.0.0.weight"), 0u);
  EXPECT_EQ(merge_block("input_blocks.11.0.weight"), 11u);
  EXPECT_EQ(merge_block("middle_block.2.in_layers.0.bias"), 12u);
  EXPECT_EQ(merge_block("output_blocks.0.0.weight"), 13u);
  EXPECT_EQ(merge_block("output_blocks.11.1.weight"), 24u);
  EXPECT_EQ(merge_block("out.0.weight"), 24u);
  EXPECT_EQ(merge_block("label_emb.0.0.weight"), 0u);
  EXPECT_EQ(merge_block("input_blocks.12.0.weight"), std::nullopt);
  EXPECT_EQ(merge_block("input_blocks.x"), std::nullopt);
  EXPECT_EQ(merge_block("proj.weight"), std::nullopt);
}

TEST(MergeCheckpoints, BlockWeightsAreTwentyFiveNumbers) {
  std::string text = "1";
  for (int i = 0; i < 23; ++i) text += ", 0.5";
  EXPECT_THROW(parse_merge_blocks(text), Error);
  const auto numbers = parse_merge_blocks(text + ",-2e-1");
  ASSERT_EQ(numbers.size(), kMergeBlocks);
  EXPECT_EQ(numbers.front(), 1.0);
  EXPECT_EQ(numbers.back(), -0.2);
  EXPECT_THROW(parse_merge_blocks(text + ",0.5,0.5"), Error);
  EXPECT_THROW(parse_merge_blocks(text + ",half"), Error);
  EXPECT_THROW(parse_merge_blocks(text + ",nan"), Error);
  EXPECT_THROW(parse_merge_blocks(""), Error);
}

TEST(MergeCheckpoints, DifferentModelsAreRefused) {
  EXPECT_NE(refusal({{"w", at::ones({2})}}, {{"v", at::ones({2})}}).find("no tensor 'w'"),
            std::string::npos);
  EXPECT_NE(refusal({{"w", at::ones({2})}}, {{"w", at::ones({3})}}).find("[3]"), std::string::npos);
  EXPECT_NE(refusal({{"w", at::ones({2})}}, {{"w", at::full({2}, NAN)}}).find("tensor 'w'"),
            std::string::npos);
}

}  // namespace
}  // namespace sfumato
