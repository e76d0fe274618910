#include "sfumato/ops/upsampled_convolution/upsampled_convolution.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace sfumato::ops {
namespace {

at::Tensor doubled(const at::Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}

TEST(UpsampledConvolution, EqualsTheConvolutionOfTheDoubledMap) {
  for (const auto& [height, width] : {std::pair(1, 1), std::pair(3, 5), std::pair(8, 2)}) {
    const at::Tensor x = at::randn({2, 6, height, width}, at::kDouble);
    const at::Tensor weight = at::randn({10, 6, 3, 3}, at::kFloat);
    const at::Tensor wanted = at::conv2d(doubled(x), weight.to(at::kDouble), {}, 1, 1);
    const at::Tensor phases =
        at::conv2d(x, phase_weights(weight).to(at::kDouble), {}, 1, /*padding=*/1);
    const at::Tensor found = join_phases(phases);
    ASSERT_EQ(found.sizes(), wanted.sizes());
    EXPECT_TRUE(at::allclose(found, wanted, 1e-5, 1e-5)) << height << " x " << width;
  }
}

TEST(UpsampledConvolution, KeepsTheTypeAndLeavesChannelsLast) {
  const at::Tensor weight = phase_weights(at::randn({4, 2, 3, 3}).to(at::kBFloat16));
  EXPECT_EQ(weight.scalar_type(), at::kBFloat16);
  const at::Tensor joined = join_phases(at::randn({1, 16, 4, 4}).to(at::kBFloat16));
  EXPECT_EQ(joined.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(joined.is_contiguous(at::MemoryFormat::ChannelsLast));
}

}  // namespace
}  // namespace sfumato::ops
