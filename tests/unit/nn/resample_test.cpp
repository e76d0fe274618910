#include "sfumato/nn/resample.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/tensor/autocast.h"

namespace sfumato::nn {
namespace {

double relative_error(const at::Tensor& found, const at::Tensor& wanted) {
  return ((found - wanted).norm() / wanted.norm()).item<double>();
}

// What a layer with a plain weight gives.
at::Tensor plainly(Upsample& layer, const at::Tensor& x) {
  unpack(*layer.ptr());
  return layer(x);
}

// Large maps are convolved before they are doubled, from the first call on.
at::Tensor packed(Upsample& layer, const at::Tensor& x) {
  keep_packed(*layer.ptr());
  const at::Tensor y = layer(x);
  EXPECT_TRUE(layer(x).equal(y));
  return y;
}

TEST(Upsample, GivesTheSameWithPackedWeights) {
  const at::NoGradGuard no_grad;
  Upsample layer(24, /*with_conv=*/true);
  for (const bool tiling : {false, true}) {
    const TilingGuard guard(tiling);
    for (const int64_t side : {8, 32, 40}) {
      const at::Tensor x = at::randn({2, 24, side, side + 3});
      const at::Tensor wanted = plainly(layer, x), found = packed(layer, x);
      ASSERT_EQ(found.sizes(), wanted.sizes());
      EXPECT_LT(relative_error(found, wanted), 1e-6) << side << ", tiling " << tiling;
      if (side < 32) continue;
      EXPECT_FALSE(found.equal(wanted)) << "by phases: other last bits";
      EXPECT_TRUE(found.narrow(0, 1, 1).equal(layer(x.narrow(0, 1, 1)))) << side;
    }
  }
}

TEST(Upsample, IsStreamedWithoutLosingABit) {
  const at::NoGradGuard no_grad;
  Upsample layer(8, /*with_conv=*/true);
  const at::Tensor x = at::randn({1, 8, 32, 32});
  const at::Tensor wanted = packed(layer, x);
  unpack(*layer.ptr());
  for (const auto& part : layer->modules()) {
    auto* conv = dynamic_cast<ProductLayer*>(part.get());
    if (!conv) continue;
    conv->stream([stored = conv->weight.detach().clone()] { return stored.clone(); });
  }
  EXPECT_TRUE(packed(layer, x).equal(wanted));
}

TEST(Upsample, AddsInFloat32WhateverIsComputedIn) {
  const at::NoGradGuard no_grad;
  Upsample layer(16, /*with_conv=*/true);
  const at::Tensor x = at::randn({1, 16, 32, 32});
  const at::Tensor wanted = plainly(layer, x);
  layer->to(at::kBFloat16);
  const Autocast autocast(at::kCPU, at::kBFloat16);
  const at::Tensor found = packed(layer, x.to(at::kBFloat16));
  EXPECT_LT(relative_error(found.to(at::kFloat), wanted), 6e-3);
}

TEST(Upsample, FollowsItsWeight) {
  Upsample layer(8, /*with_conv=*/true);
  const at::Tensor x = at::randn({1, 8, 32, 32});
  {
    const at::NoGradGuard no_grad;
    packed(layer, x);
  }
  layer(x).sum().backward();  // gives the weight its values back
  const at::NoGradGuard no_grad;
  for (auto& parameter : layer->parameters()) parameter.mul_(-2.0);
  const at::Tensor wanted = layer(x);
  EXPECT_LT(relative_error(packed(layer, x), wanted), 1e-6);
  unpack(*layer.ptr());
  for (auto& parameter : layer->parameters()) parameter.mul_(-2.0);
  EXPECT_LT(relative_error(packed(layer, x), -2.0 * wanted), 1e-6);
}

}  // namespace
}  // namespace sfumato::nn
