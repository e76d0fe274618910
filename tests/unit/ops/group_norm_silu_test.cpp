#include "sfumato/ops/group_norm_silu/group_norm_silu.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace sfumato::ops {
namespace {

TEST(GroupNormSilu, NormalisesEachGroupThenActivates) {
  const auto x = at::randn({2, 6, 3, 3}) * 4 + 7;
  const auto weight = at::randn({6}), bias = at::randn({6});
  const auto grouped = x.view({2, 2, 27});
  const auto mean = grouped.mean(-1, true);
  const auto variance = (grouped - mean).square().mean(-1, true);
  const auto normed =
      ((grouped - mean) / (variance + 1e-5).sqrt()).view_as(x) * weight.view({1, 6, 1, 1}) +
      bias.view({1, 6, 1, 1});

  const auto got = group_norm_silu(x, 2, weight, bias, 1e-5);

  EXPECT_TRUE(at::allclose(got, normed * at::sigmoid(normed), 1e-4, 1e-5));
}

TEST(GroupNormSilu, ComputesInFloat32ForBfloat16Input) {
  const auto x = (at::randn({1, 4, 8, 8}) + 100).to(at::kBFloat16);
  const auto weight = at::ones({4}), bias = at::zeros({4});
  const auto got = group_norm_silu(x, 4, weight, bias, 1e-5);
  const auto want = group_norm_silu(x.to(at::kFloat), 4, weight, bias, 1e-5);
  EXPECT_EQ(got.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::allclose(got.to(at::kFloat), want, 0.01, 0.01));
}

}  // namespace
}  // namespace sfumato::ops
