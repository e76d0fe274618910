#include "sfumato/ops/packed/packed_weight.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/tensor/autocast.h"

namespace sfumato::ops {
namespace {

double error_of(const at::Tensor& got, const at::Tensor& want) {
  const at::Tensor reference = want.to(at::kDouble);
  return ((got.to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
}

// Builds without oneDNN and processors without its kernels compute nothing here.
bool is_present(at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  PackedWeight packed;
  const at::Tensor x = at::ones({1, 16}, dtype), weight = at::ones({16, 16}, dtype);
  return packed.linear({x, weight, {}, {}}).has_value();
}

struct TypeCase {
  at::ScalarType dtype;
  double tolerance;
};

class PackedWeightIn : public ::testing::TestWithParam<TypeCase> {
 protected:
  void SetUp() override {
    if (!is_present(GetParam().dtype)) GTEST_SKIP() << "not computed by oneDNN here";
  }
  at::Tensor random(at::IntArrayRef sizes) const { return at::randn(sizes).to(GetParam().dtype); }

  const at::NoGradGuard no_grad_;
};

TEST_P(PackedWeightIn, MultipliesAsLibTorchDoes) {
  for (const bool with_bias : {false, true}) {
    for (const bool with_residual : {false, true}) {
      const at::Tensor x = random({2, 7, 24}), weight = random({40, 24});
      const at::Tensor bias = with_bias ? random({40}) : at::Tensor();
      const at::Tensor residual = with_residual ? random({2, 7, 40}) : at::Tensor();
      at::Tensor want = at::linear(x.to(at::kDouble), weight.to(at::kDouble));
      if (with_bias) want = want + bias;
      if (with_residual) want = want + residual;

      PackedWeight packed;
      const auto got = packed.linear({x, weight, bias, residual});

      ASSERT_TRUE(got);
      EXPECT_EQ(got->sizes(), want.sizes());
      EXPECT_EQ(got->scalar_type(), GetParam().dtype);
      EXPECT_LT(error_of(*got, want), GetParam().tolerance);
    }
  }
}

TEST_P(PackedWeightIn, ConvolvesAsLibTorchDoes) {
  for (const std::int64_t kernel : {1, 3}) {
    for (const std::int64_t step : {1, 2}) {
      for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
        const at::Tensor x = random({2, 12, 9, 6}).contiguous(format);
        const at::Tensor weight = random({20, 12, kernel, kernel}), bias = random({20});
        const at::Tensor alone = at::conv2d(x.to(at::kDouble), weight.to(at::kDouble),
                                            bias.to(at::kDouble), step, kernel / 2);
        const at::Tensor residual = random(alone.sizes()).contiguous(format);

        PackedWeight packed;
        const auto got = packed.convolution({x, weight, bias, residual}, {step, kernel / 2});

        ASSERT_TRUE(got);
        EXPECT_TRUE(got->is_contiguous(at::MemoryFormat::ChannelsLast));
        EXPECT_LT(error_of(*got, alone + residual), GetParam().tolerance);
      }
    }
  }
}

TEST_P(PackedWeightIn, KeepsAWeightInTheLayoutOfTheMachineAlone) {
  const at::Tensor matrix = random({40, 24}), kernel = random({20, 12, 3, 3});
  const at::Tensor x = random({5, 24}), picture = random({1, 12, 8, 8});
  const at::Tensor matrix_before = matrix.clone(), kernel_before = kernel.clone();
  PackedWeight linear, convolution;
  const auto run = [&] {
    return std::pair(*linear.linear({x, matrix, {}, {}}),
                     *convolution.convolution({picture, kernel, {}, {}}, {1, 1}));
  };
  const auto plain = run();
  EXPECT_TRUE(matrix.equal(matrix_before));

  linear.keep();
  convolution.keep();
  const auto first = run();
  const auto second = run();  // from the packed weights

  EXPECT_TRUE(matrix.isnan().all().item<bool>());
  EXPECT_EQ(matrix.sizes(), matrix_before.sizes());
  EXPECT_TRUE(kernel.isnan().all().item<bool>());
  for (const auto& results : {first, second}) {
    EXPECT_TRUE(results.first.equal(plain.first));
    EXPECT_TRUE(results.second.equal(plain.second));
  }

  linear.unpack(matrix);
  convolution.unpack(kernel);
  EXPECT_TRUE(matrix.equal(matrix_before));
  EXPECT_TRUE(kernel.equal(kernel_before));
}

TEST_P(PackedWeightIn, PacksBeforeItIsUsed) {
  const at::Tensor matrix = random({40, 24}), kernel = random({20, 12, 3, 3});
  const at::Tensor x = random({5, 24}), picture = random({1, 12, 8, 8});
  PackedWeight plain, linear, convolution;
  const at::Tensor product = *plain.linear({x, matrix, {}, {}});
  const at::Tensor filtered = *PackedWeight().convolution({picture, kernel, {}, {}}, {1, 1});

  linear.pack(matrix, std::nullopt);
  convolution.pack(kernel, Stride{1, 1});

  EXPECT_TRUE(matrix.isnan().all().item<bool>() && kernel.isnan().all().item<bool>());
  EXPECT_TRUE(linear.linear({x, matrix, {}, {}})->equal(product));
  EXPECT_TRUE(convolution.convolution({picture, kernel, {}, {}}, {1, 1})->equal(filtered));
}

TEST_P(PackedWeightIn, TakesOtherShapesThanTheFirst) {
  const at::Tensor weight = random({64, 32, 3, 3}), before = weight.clone();
  PackedWeight kept;
  kept.keep();
  for (const std::int64_t side : {8, 16, 5, 8, 32, 1, 64, 3}) {
    const at::Tensor x = random({2, 32, side, side});
    PackedWeight fresh;
    const auto want = fresh.convolution({x, before, {}, {}}, {1, 1});
    EXPECT_TRUE(kept.convolution({x, weight, {}, {}}, {1, 1})->equal(*want)) << side;
  }
}

// Else the others would go on with what it was.
TEST_P(PackedWeightIn, LeavesAWeightThatIsSharedWhereItIs) {
  const at::Tensor weight = random({40, 24}), before = weight.clone(), x = random({5, 24});
  const at::Tensor shared = weight.detach();
  PackedWeight packed;
  packed.keep();
  ASSERT_TRUE(packed.linear({x, weight, {}, {}}));
  EXPECT_TRUE(weight.equal(before));
  EXPECT_EQ(weight.data_ptr(), shared.data_ptr());
}

// Not to a type of fewer digits, from which the weight could not be had back.
TEST_P(PackedWeightIn, KeepsNoRoundedWeight) {
  if (GetParam().dtype != at::kBFloat16) GTEST_SKIP() << "rounds to bfloat16";
  const at::Tensor x = at::randn({5, 24}), weight = at::randn({40, 24}), before = weight.clone();
  PackedWeight packed;
  packed.keep();
  const Autocast autocast(at::kCPU, at::kBFloat16);
  const auto got = packed.linear({x, weight, {}, {}});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->scalar_type(), at::kBFloat16);
  EXPECT_TRUE(weight.equal(before));
}

INSTANTIATE_TEST_SUITE_P(Types, PackedWeightIn,
                         ::testing::Values(TypeCase{at::kFloat, 1e-6},
                                           TypeCase{at::kBFloat16, 4e-3}),
                         [](const auto& info) {
                           return info.param.dtype == at::kFloat ? "float32" : "bfloat16";
                         });

TEST(PackedWeight, LeavesWhatItCannotDoToLibTorch) {
  PackedWeight packed;
  const at::Tensor x = at::randn({5, 24}), weight = at::randn({40, 24});
  EXPECT_FALSE(packed.linear({x, weight, {}, {}}));  // with gradients
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(packed.linear({x.to(at::kDouble), weight.to(at::kDouble), {}, {}}));
  EXPECT_FALSE(packed.linear({x.slice(0, 0, 0), weight, {}, {}}));
}

}  // namespace
}  // namespace sfumato::ops
