#include "sfumato/adapters/weight_change.h"

#include <gtest/gtest.h>

#include "adapters_support.h"

namespace sfumato {
namespace {

at::Tensor number(double value) { return at::scalar_tensor(value, at::kFloat); }

::testing::AssertionResult close(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() == b.sizes() && at::allclose(a, b, 1e-4, 1e-5))
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << a << "\n" << b;
}

TEST(WeightChange, OfALoraIsItsProductScaledByAlphaOverRank) {
  const auto up = wave({6, 2}), down = wave({2, 5}, 0.7);
  const auto module = module_of({{"up", up}, {"down", down}, {"alpha", number(1.0)}});
  const auto weight = wave({6, 5}, 0.3);
  expect_fit(module, weight.sizes(), std::nullopt);
  EXPECT_EQ(adapter_kind(module), "LoRA");
  EXPECT_TRUE(close(weight_change(module, weight, 0.8), 0.8 * 0.5 * up.mm(down)));
}

TEST(WeightChange, OfHalfPrecisionFilesAndWeightsIsFloat) {
  const auto module = module_of(
      {{"up", wave({6, 2}).to(at::kHalf)}, {"down", wave({2, 5}, 0.7).to(at::kBFloat16)}});
  EXPECT_EQ(weight_change(module, wave({6, 5}).to(at::kHalf), 1.0).scalar_type(), at::kFloat);
}

TEST(WeightChange, OfAConvolutionsKroneckerProductIsThatOfTheKernels) {
  const auto w1 = wave({2, 2}), w2 = wave({3, 4, 3, 3}, 0.7);
  const auto module = module_of({{"lokr_w1", w1}, {"lokr_w2", w2}, {"alpha", number(7.0)}});
  const auto weight = wave({6, 8, 3, 3});
  expect_fit(module, weight.sizes(), std::nullopt);
  EXPECT_TRUE(close(weight_change(module, weight, 1.0), at::kron(w1.reshape({2, 2, 1, 1}), w2)));
}

TEST(WeightChange, KnowsBothLayoutsOfGlora) {
  const auto a = wave({5, 2}), b = wave({2, 5}, 0.7), c = wave({6, 2}, 0.4), d = wave({2, 5}, 0.9);
  const auto weight = wave({6, 5}, 0.3);
  const auto original = module_of({{"a2", a}, {"a1", b}, {"b2", c}, {"b1", d}});
  const auto later = module_of({{"a1", a}, {"a2", b}, {"b1", c}, {"b2", d}});
  expect_fit(original, weight.sizes(), std::nullopt);
  expect_fit(later, weight.sizes(), std::nullopt);
  const auto change = weight_change(original, weight, 1.0);
  EXPECT_TRUE(close(change, c.mm(d) + weight.mm(a).mm(b)));
  EXPECT_TRUE(close(weight_change(later, weight, 1.0), change));
}

TEST(WeightChange, OfOftRotates) {
  const auto module = module_of({{"oft_blocks", wave({3, 2, 2})}});
  const auto weight = wave({6, 5}, 0.3);
  expect_fit(module, weight.sizes(), std::nullopt);
  const auto rotated = weight + weight_change(module, weight, 1.0);
  EXPECT_FALSE(at::allclose(rotated, weight, 1e-2, 1e-2));
  EXPECT_TRUE(close(rotated.pow(2).sum({0}), weight.pow(2).sum({0})));
}

TEST(WeightChange, OfDoraBringsRowsOrColumnsToTheGivenNorms) {
  const auto weight = wave({6, 5}, 0.3);
  const TensorMap lora{{"up", wave({6, 2})}, {"down", wave({2, 5}, 0.7)}};
  TensorMap rows = lora, columns = lora, magnitude = lora;
  rows["dora_scale"] = wave({6, 1}).abs() + 1.0;
  columns["dora_scale"] = wave({1, 5}).abs() + 1.0;
  magnitude["magnitude"] = rows["dora_scale"].reshape({6});
  const auto changed = [&](const TensorMap& parts) {
    const auto module = module_of(parts);
    expect_fit(module, weight.sizes(), std::nullopt);
    return weight + weight_change(module, weight, 1.0);
  };
  EXPECT_TRUE(close(changed(rows).pow(2).sum({1}, true).sqrt(), rows["dora_scale"]));
  EXPECT_TRUE(close(changed(columns).pow(2).sum({0}, true).sqrt(), columns["dora_scale"]));
  EXPECT_TRUE(close(changed(magnitude), changed(rows)));
  EXPECT_EQ(adapter_kind(module_of(rows)), "DoRA");
}

TEST(WeightChange, WithARankKeepsTheFirstDirections) {
  const auto up = wave({6, 4}), down = wave({4, 5}, 0.7);
  const auto module = module_of({{"up", up}, {"down", down}, {"alpha", number(2.0)}});
  const auto weight = wave({6, 5});
  const auto wanted = 0.5 * up.narrow(1, 0, 1).mm(down.narrow(0, 0, 1));
  EXPECT_TRUE(close(weight_change(with_rank(module, 1), weight, 1.0), wanted));
  EXPECT_TRUE(
      close(weight_change(with_rank(module, 9), weight, 1.0), weight_change(module, weight, 1.0)));
}

TEST(ExpectFit, NamesBothShapes) {
  const auto module = module_of({{"up", wave({320, 4})}, {"down", wave({4, 1024})}});
  const std::vector<std::int64_t> weight{320, 768};
  EXPECT_STREQ(error_of([&] { expect_fit(module, weight, std::nullopt); }).what(),
               "module 'layer': it makes a change of [320, 1024], the weight is [320, 768]");
}

TEST(ExpectFit, RefusesWhatWouldGrowBeforeAnythingIsMultiplied) {
  const std::vector<std::int64_t> weight{8, 8};
  const auto tall = at::zeros({1'000'000, 1}), wide = at::zeros({1, 1'000'000});
  const auto core = at::zeros({1, 1, 3, 3});
  for (const TensorMap& parts : {
           TensorMap{{"up", tall}, {"down", wide}},
           TensorMap{{"lokr_w1", at::zeros({1, 1})}, {"lokr_w2_a", tall}, {"lokr_w2_b", wide}},
           TensorMap{
               {"hada_w1_a", tall}, {"hada_w1_b", wide}, {"hada_w2_a", tall}, {"hada_w2_b", wide}},
           TensorMap{{"up", wide.reshape({1, -1, 1, 1})}, {"mid", core}, {"down", tall}},
           TensorMap{{"oft_blocks", at::zeros({1, 1000, 1000})}},
           TensorMap{{"diff", tall}},
           TensorMap{{"on_input", number(1.0)}, {"ia3", tall.reshape({-1})}},
           TensorMap{{"a1", wide}, {"a2", tall}, {"b1", wide}, {"b2", tall}},
       }) {
    EXPECT_EQ(error_of([&] { expect_fit(module_of(parts), weight, std::nullopt); }).kind(),
              ErrorKind::Corrupt);
  }
}

TEST(ExpectFit, RefusesIncompleteAndUnsupportedModules) {
  const std::vector<std::int64_t> weight{8, 8};
  const auto refused = [&](const TensorMap& parts) {
    return error_of([&] { expect_fit(module_of(parts), weight, std::nullopt); }).kind();
  };
  EXPECT_EQ(refused({{"up", wave({8, 2})}}), ErrorKind::Corrupt);
  EXPECT_EQ(refused({{"up", wave({8, 2})}, {"down", wave({3, 8})}}), ErrorKind::Corrupt);
  EXPECT_EQ(refused({{"diff_b", wave({8})}}), ErrorKind::Corrupt);  // no bias
  EXPECT_EQ(refused({{"oft_blocks", wave({2, 2, 4, 4})}}), ErrorKind::Unsupported);
  EXPECT_EQ(refused({{"diff", wave({8, 8})}, {"dora_scale", wave({1, 7})}}), ErrorKind::Corrupt);
}

TEST(UnusedKeys, AreThosePartsThatTheKindDoesNotRead) {
  const auto module =
      module_of({{"up", wave({8, 2})}, {"down", wave({2, 8})}, {"oft_blocks", wave({1, 8, 8})}});
  EXPECT_EQ(unused_keys(module), std::vector<std::string>{"layer.oft_blocks"});
  EXPECT_EQ(unused_keys(module_of({{"alpha", number(1.0)}})),
            std::vector<std::string>{"layer.alpha"});
}

}  // namespace
}  // namespace sfumato
