#include "sfumato/ops/group_norm_silu/group_norm_silu.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <ostream>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato::ops {
namespace {

constexpr double kEps = 1e-5;

struct Shape {
  int64_t batch, channels, groups, height, width;
};

void PrintTo(const Shape& s, std::ostream* out) {
  *out << s.batch << 'x' << s.channels << 'x' << s.height << 'x' << s.width << " in " << s.groups;
}

struct Case {
  Shape shape;
  at::ScalarType dtype;
  at::MemoryFormat format;
  bool silu;
};

void PrintTo(const Case& c, std::ostream* out) {
  PrintTo(c.shape, out);
  *out << ' ' << c.dtype << ' ' << c.format << (c.silu ? " silu" : "");
}

struct Inputs {
  at::Tensor x, weight, bias, grad_y;
};

Inputs inputs(const Case& c) {
  const auto [batch, channels, groups, height, width] = c.shape;
  const auto random = [&] {
    return at::randn({batch, channels, height, width}).to(c.dtype).contiguous(c.format);
  };
  return {random() * 2 + 3, at::randn({channels}), at::randn({channels}), random()};
}

struct Results {
  at::Tensor y, grad_x, grad_weight, grad_bias;
};

using Norm = std::function<at::Tensor(const at::Tensor& x, int64_t groups, const at::Tensor& weight,
                                      const at::Tensor& bias, double eps)>;

Results run(const Norm& norm, const Inputs& in, int64_t groups) {
  const auto x = in.x.detach().requires_grad_();
  const auto weight = in.weight.detach().requires_grad_();
  const auto bias = in.bias.detach().requires_grad_();
  const auto y = norm(x, groups, weight, bias, kEps);
  const auto grads = torch::autograd::grad({y}, {x, weight, bias}, {in.grad_y.to(y.dtype())});
  return {y.detach(), grads[0], grads[1], grads[2]};
}

Norm fused(bool silu) { return silu ? group_norm_silu : group_norm; }

Norm composed(bool silu) {
  return [=](const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias,
             double eps) {
    const auto normed = at::group_norm(x, groups, weight, bias, eps);
    return silu ? at::silu(normed) : normed;
  };
}

// The largest deviation relative to the largest value.
double error(const at::Tensor& got, const at::Tensor& want) {
  return ((got.to(at::kDouble) - want).abs().max() / want.abs().max()).item<double>();
}

class GroupNormKernel : public ::testing::TestWithParam<Case> {};

TEST_P(GroupNormKernel, AgreesWithTheCompositionInDouble) {
  const auto& c = GetParam();
  const Inputs in = inputs(c);
  const Results got = run(fused(c.silu), in, c.shape.groups);
  const Results want = run(composed(c.silu),
                           {in.x.to(at::kDouble), in.weight.to(at::kDouble),
                            in.bias.to(at::kDouble), in.grad_y.to(at::kDouble)},
                           c.shape.groups);

  const double sums = 2e-6, values = c.dtype == at::kFloat ? 2e-6 : 1.0 / 256;
  EXPECT_LT(error(got.y, want.y), values);
  EXPECT_LT(error(got.grad_x, want.grad_x), values);
  EXPECT_LT(error(got.grad_weight, want.grad_weight), sums);
  EXPECT_LT(error(got.grad_bias, want.grad_bias), sums);
}

TEST_P(GroupNormKernel, KeepsDtypeAndMemoryFormat) {
  const auto& c = GetParam();
  const Results got = run(fused(c.silu), inputs(c), c.shape.groups);
  for (const auto& t : {got.y, got.grad_x}) {
    EXPECT_EQ(t.scalar_type(), c.dtype);
    EXPECT_TRUE(t.is_contiguous(c.format));
  }
  EXPECT_EQ(got.grad_weight.scalar_type(), at::kFloat);
}

TEST_P(GroupNormKernel, ASampleIsTheSameInEveryBatchAndOnEveryThreadCount) {
  const auto& c = GetParam();
  const Inputs in = inputs(c);
  const int threads = at::get_num_threads();
  const Results batch = run(fused(c.silu), in, c.shape.groups);
  at::set_num_threads(3);
  const Results threaded = run(fused(c.silu), in, c.shape.groups);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(batch.y, threaded.y));
  EXPECT_TRUE(at::equal(batch.grad_x, threaded.grad_x));
  EXPECT_TRUE(at::equal(batch.grad_weight, threaded.grad_weight));
  for (int64_t i = 0; i < c.shape.batch; ++i) {
    const auto only = [&](const at::Tensor& t) {
      return t.slice(0, i, i + 1).clone(at::MemoryFormat::Preserve);
    };
    const Results alone =
        run(fused(c.silu), {only(in.x), in.weight, in.bias, only(in.grad_y)}, c.shape.groups);
    EXPECT_TRUE(at::equal(alone.y, only(batch.y)));
    EXPECT_TRUE(at::equal(alone.grad_x, only(batch.grad_x)));
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Shape& shape : {
           Shape{3, 64, 32, 16, 16},  // two channels a group
           Shape{2, 192, 32, 4, 4},   // six: groups straddle vectors
           Shape{2, 32, 32, 5, 7},    // one, and odd sides
           Shape{2, 96, 32, 3, 3},    // fewer pixels than lanes
           Shape{2, 16, 2, 8, 8},     // fewer groups than a task takes
           Shape{1, 21, 3, 1, 37},    // nothing is a multiple of a vector
           Shape{2, 200, 2, 2, 3},    // one group is more than a task's usual width
           Shape{1, 8, 4, 70, 60},    // several chunks of pixels
           Shape{2, 64, 4, 1, 1},     // both memory formats at once
       }) {
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
        for (const bool silu : {true, false}) all.push_back({shape, dtype, format, silu});
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Shapes, GroupNormKernel, ::testing::ValuesIn(cases()));

TEST(GroupNormSilu, NormalisesEachGroupThenActivates) {
  const auto x = at::randn({2, 6, 3, 3}) * 4 + 7;
  const auto weight = at::randn({6}), bias = at::randn({6});
  const auto grouped = x.view({2, 2, 27});
  const auto mean = grouped.mean(-1, true);
  const auto variance = (grouped - mean).square().mean(-1, true);
  const auto normed =
      ((grouped - mean) / (variance + kEps).sqrt()).view_as(x) * weight.view({1, 6, 1, 1}) +
      bias.view({1, 6, 1, 1});

  const auto got = group_norm_silu(x, 2, weight, bias, kEps);

  EXPECT_TRUE(at::allclose(got, normed * at::sigmoid(normed), 1e-4, 1e-5));
}

TEST(GroupNormSilu, ComputesInFloat32ForBfloat16Input) {
  const auto x = (at::randn({1, 4, 8, 8}) + 100).to(at::kBFloat16);
  const auto weight = at::ones({4}), bias = at::zeros({4});
  const auto got = group_norm_silu(x, 4, weight, bias, kEps);
  const auto want = group_norm_silu(x.to(at::kFloat), 4, weight, bias, kEps);
  EXPECT_TRUE(at::equal(got, want.to(at::kBFloat16)));
}

TEST(GroupNormSilu, FindsASmallDeviationBesideALargeMean) {
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto x = (at::randn({1, 8, 64, 64}) + 3000).contiguous(format);
    const auto weight = at::ones({8}), bias = at::zeros({8});
    const auto got = group_norm(x, 2, weight, bias, kEps);
    EXPECT_LT(error(got, at::group_norm(x.to(at::kDouble), 2, weight.to(at::kDouble),
                                        bias.to(at::kDouble), kEps)),
              1e-4);
  }
}

TEST(GroupNormSilu, SurvivesSaturationAndShowsNan) {
  // Signs: no normalised value comes near 0, where SiLU is not ReLU even at this scale.
  const auto x = at::randn({1, 16, 4, 4}).sign();
  const auto weight = at::full({16}, 1e4), bias = at::zeros({16});
  const Results got = run(group_norm_silu, {x, weight, bias, at::ones_like(x)}, 4);
  EXPECT_LT(error(got.y, at::relu(at::group_norm(x, 4, weight, bias, kEps)).to(at::kDouble)), 1e-6);
  EXPECT_TRUE(at::isfinite(got.grad_x).all().item<bool>());
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto broken = at::full({1, 16, 4, 4}, NAN, at::dtype(dtype));
    EXPECT_TRUE(at::isnan(group_norm_silu(broken, 4, weight, bias, kEps)).all().item<bool>());
  }
}

// These have no kernel: ranks other than 4, gaps in memory, half and double.
TEST(GroupNormSilu, ComposesOperatorsForOtherInputs) {
  const auto weight = at::randn({8}), bias = at::randn({8});
  const auto whole = at::randn({2, 16, 4, 6});
  for (const auto& x : {whole.slice(1, 4, 12), whole.slice(1, 0, 8).flatten(2),
                        whole.slice(1, 0, 8).to(at::kHalf), whole.slice(1, 0, 8).to(at::kDouble)}) {
    const auto got = group_norm_silu(x, 4, weight, bias, kEps);
    const auto want = composed(true)(x.to(at::kFloat).contiguous(), 4, weight, bias, kEps);
    EXPECT_EQ(got.scalar_type(), x.scalar_type());
    EXPECT_TRUE(at::allclose(got.to(at::kFloat), want, 1e-3, 1e-3));
  }
}

TEST(GroupNormSilu, TakesGradientsAndWeightsOfOtherDtypesAndLayouts) {
  const auto x = at::randn({2, 8, 3, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto weight = at::randn({8}).to(at::kBFloat16), bias = at::randn({8}).to(at::kBFloat16);
  const Inputs rounded{x, weight, bias, at::randn({2, 5, 3, 8}).transpose(1, 3)};
  const Inputs exact{x.contiguous(), weight.to(at::kFloat), bias.to(at::kFloat),
                     rounded.grad_y.contiguous()};
  const Results got = run(group_norm_silu, rounded, 4), want = run(group_norm_silu, exact, 4);
  EXPECT_TRUE(at::allclose(got.grad_x, want.grad_x, 1e-5, 1e-6));
  EXPECT_EQ(got.grad_weight.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::allclose(got.grad_weight.to(at::kFloat), want.grad_weight, 0.01, 0.01));
}

TEST(GroupNormSilu, RefusesASecondDerivative) {
  const auto x = at::randn({1, 4, 2, 2}).requires_grad_();
  const auto y = group_norm_silu(x, 2, at::ones({4}), at::zeros({4}), kEps);
  EXPECT_THROW(torch::autograd::grad({y.sum()}, {x}, {}, true, true), Error);
}

}  // namespace
}  // namespace sfumato::ops
