#include "sfumato/nn/resample.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

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

// Once the weight is packed, large maps are convolved before they are doubled.
at::Tensor packed(Upsample& layer, const at::Tensor& x) {
  keep_packed(*layer.ptr());
  layer(x.narrow(2, 0, 4));  // packs
  return layer(x);
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
      EXPECT_TRUE(found.narrow(0, 1, 1).equal(layer(x.narrow(0, 1, 1)))) << side;
    }
  }
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
