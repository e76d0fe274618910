#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/models/class_embedder.h"
#include "sfumato/models/spatial_rescaler.h"

namespace sfumato {
namespace {

TEST(ClassEmbedder, MakesOneTokenPerLabel) {
  ClassEmbedder embedder(5, 6);
  const at::Tensor weight = embedder->named_parameters()["embedding.weight"];
  const auto tokens = embedder->forward(at::tensor({4, 0}, at::kLong));
  ASSERT_EQ(tokens.sizes(), at::IntArrayRef({2, 1, 6}));
  EXPECT_TRUE(at::equal(tokens[0][0], weight[4]));
}

TEST(ClassEmbedder, RefusesUnknownClasses) {
  ClassEmbedder embedder(5, 6);
  EXPECT_THROW(embedder->forward(at::tensor({5}, at::kLong)), Error);
  EXPECT_THROW(embedder->forward(at::tensor({-1}, at::kLong)), Error);
  EXPECT_THROW(embedder->forward(at::zeros({2, 2}, at::kLong)), Error);
}

TEST(SpatialRescaler, HalvingAveragesFourPixels) {
  SpatialRescaler rescaler(SpatialRescalerConfig{.stages = 1, .in_channels = 2});
  const auto x = at::randn({1, 2, 6, 4});
  EXPECT_TRUE(at::allclose(rescaler->forward(x), at::avg_pool2d(x, 2), 1e-5, 1e-6));
  EXPECT_TRUE(rescaler->named_parameters().is_empty());
}

TEST(SpatialRescaler, MapsChannelsAtTheSmallSize) {
  SpatialRescaler rescaler(SpatialRescalerConfig{.stages = 2, .in_channels = 5, .out_channels = 3});
  EXPECT_EQ(rescaler->named_parameters()["channel_mapper.weight"].sizes(),
            at::IntArrayRef({3, 5, 1, 1}));
  EXPECT_EQ(rescaler->forward(at::randn({2, 5, 16, 8})).sizes(), at::IntArrayRef({2, 3, 4, 2}));
}

TEST(SpatialRescaler, RefusesWhatDoesNotFit) {
  SpatialRescaler rescaler(SpatialRescalerConfig{.stages = 3, .in_channels = 1});
  EXPECT_THROW(rescaler->forward(at::zeros({1, 2, 8, 8})), Error);
  EXPECT_THROW(rescaler->forward(at::zeros({1, 1, 4, 4})), Error);
  EXPECT_THROW(SpatialRescaler(SpatialRescalerConfig{.interpolation = "lanczos"}), Error);
}

}  // namespace
}  // namespace sfumato
