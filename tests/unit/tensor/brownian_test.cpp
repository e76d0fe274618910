#include "sfumato/tensor/random/brownian.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TEST(BrownianNoise, AddsUpAlongThePath) {
  const BrownianNoise noise("torch_cpu", 5, {4, 8, 8}, 0.03, 14.6);
  const auto whole = noise(14.6, 2.0) * std::sqrt(12.6);
  const auto parts = noise(14.6, 7.0) * std::sqrt(7.6) + noise(7.0, 2.0) * std::sqrt(5.0);
  EXPECT_TRUE(at::allclose(whole, parts, 1e-4, 1e-4));
}

TEST(BrownianNoise, IsUnitNoiseThatOnlyTheSeedDecides) {
  const BrownianNoise noise("philox", 6, {64, 64}, 0.03, 14.6);
  const auto draw = noise(3.0, 1.5);
  EXPECT_NEAR(draw.std().item<double>(), 1.0, 0.05);
  EXPECT_TRUE(at::equal(draw, BrownianNoise("philox", 6, {64, 64}, 0.03, 14.6)(3.0, 1.5)));
  EXPECT_FALSE(at::equal(draw, BrownianNoise("philox", 7, {64, 64}, 0.03, 14.6)(3.0, 1.5)));
  EXPECT_TRUE(at::equal(noise(1.5, 3.0), -draw));
}

TEST(BrownianNoise, RefusesLevelsWithoutAWay) {
  EXPECT_THROW(BrownianNoise("torch_cpu", 1, {4}, 2.0, 1.0), Error);
  const BrownianNoise noise("torch_cpu", 1, {4}, 0.1, 1.0);
  EXPECT_THROW(noise(0.5, 0.5), Error);
}

}  // namespace
}  // namespace sfumato
