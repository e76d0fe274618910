#include "sfumato/image/resample.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

Mask ramp(int width, int height) {
  Mask mask(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) mask.row(y)[x] = static_cast<std::uint8_t>(16 * x + y);
  }
  return mask;
}

TEST(Resample, KeepsFlatPicturesAndSameSizes) {
  for (const Filter filter : {Filter::Bicubic, Filter::Lanczos}) {
    const Mask flat(13, 7, 123);
    for (const auto& [w, h] : {std::pair{5, 3}, {40, 29}, {13, 1}, {1, 1}}) {
      EXPECT_EQ(resample(flat, w, h, filter).alpha, Mask(w, h, 123).alpha);
    }
    EXPECT_EQ(resample(ramp(13, 7), 13, 7, filter).alpha, ramp(13, 7).alpha);
  }
}

// Worked out by hand from the definition: weights of the kernel at distances from the new centre.
TEST(Resample, EnlargesAnEdgeAsTheKernelsSay) {
  Mask edge(4, 1);
  edge.alpha = {0, 0, 255, 255};
  const Mask cubic = resample(edge, 8, 1, Filter::Bicubic);
  EXPECT_EQ(cubic.row(0)[0], 0);
  EXPECT_EQ(cubic.row(0)[3], 52);  // (k(0.75) + k(1.75)) * 255 = (0.2266 - 0.0234) * 255
  EXPECT_EQ(cubic.row(0)[3] + cubic.row(0)[4], 255);
  EXPECT_EQ(cubic.row(0)[7], 255);
  const Mask lanczos = resample(edge, 8, 1, Filter::Lanczos);
  EXPECT_NEAR(lanczos.row(0)[3] + lanczos.row(0)[4], 255, 1);
  EXPECT_GT(lanczos.row(0)[4], lanczos.row(0)[3]);
}

TEST(Resample, RefusesImpossibleSizes) {
  EXPECT_THROW(resample(Mask(4, 4), 0, 4, Filter::Lanczos), Error);
  EXPECT_THROW(resample(Mask(), 4, 4, Filter::Lanczos), Error);
  EXPECT_THROW(resample(Mask(1, 40000), 40000, 1, Filter::Lanczos), Error);
}

TEST(Fitted, CropCutsBothSides) {
  const Mask wide = ramp(12, 4);
  const Mask square = fitted(wide, ResizeMode::Crop, 4, 4);
  EXPECT_EQ(square.width, 4);
  for (int x = 0; x < 4; ++x) EXPECT_EQ(square.row(1)[x], wide.row(1)[x + 4]) << x;
  const Mask high = fitted(wide, ResizeMode::Crop, 4, 8);
  EXPECT_EQ(high.height, 8);
}

TEST(Fitted, FillRepeatsTheEdges) {
  Mask flat(8, 4, 90);
  const Mask square = fitted(flat, ResizeMode::Fill, 8, 8);
  EXPECT_EQ(square.alpha, Mask(8, 8, 90).alpha);
  const Mask wide = fitted(flat, ResizeMode::Fill, 16, 4);
  EXPECT_EQ(wide.alpha, Mask(16, 4, 90).alpha);
}

TEST(Fitted, StretchAndLatent) {
  const Mask mask = ramp(8, 4);
  EXPECT_EQ(fitted(mask, ResizeMode::Stretch, 5, 9).height, 9);
  EXPECT_EQ(fitted(mask, ResizeMode::Latent, 5, 9).alpha, mask.alpha);
  EXPECT_THROW(fitted(mask, ResizeMode::Crop, 0, 9), Error);
  EXPECT_THROW(fitted(Mask(10000, 1), ResizeMode::Fill, 512, 512), Error);
}

}  // namespace
}  // namespace sfumato
