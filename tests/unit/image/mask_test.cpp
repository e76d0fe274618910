#include "sfumato/image/mask.h"

#include <gtest/gtest.h>

#include <numeric>

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"
#include "sfumato/image/outpaint.h"

namespace sfumato {
namespace {

Mask mask_with(int width, int height, const Rect& area) {
  Mask mask(width, height);
  for (int y = area.top; y < area.bottom; ++y) {
    std::fill(mask.row(y) + area.left, mask.row(y) + area.right, std::uint8_t{255});
  }
  return mask;
}

Image noise(int width, int height) {
  Random random(1);
  Image image(width, height);
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.bits());
  return image;
}

TEST(MaskedArea, IsTheBoxAroundTheMaskWithPadding) {
  const Mask mask = mask_with(64, 48, {10, 20, 30, 25});
  EXPECT_EQ(masked_area(mask, 0), (Rect{10, 20, 30, 25}));
  EXPECT_EQ(masked_area(mask, 4), (Rect{6, 16, 34, 29}));
  EXPECT_EQ(masked_area(mask, 32), (Rect{0, 0, 62, 48}));
  EXPECT_EQ(masked_area(mask, 2147483647), (Rect{0, 0, 64, 48}));
  EXPECT_EQ(masked_area(Mask(64, 48), 4), std::nullopt);
}

// Values from the description of the original: a 128 x 32 area for a square becomes 128 x 128.
TEST(WidenedToAspect, GrowsTheShortSideWithinThePicture) {
  EXPECT_EQ(widened_to_aspect({100, 200, 228, 232}, 512, 512, 512, 512),
            (Rect{100, 152, 228, 280}));
  EXPECT_EQ(widened_to_aspect({100, 0, 228, 32}, 512, 512, 512, 512), (Rect{100, 0, 228, 128}));
  EXPECT_EQ(widened_to_aspect({100, 500, 228, 512}, 512, 512, 512, 512),
            (Rect{100, 384, 228, 512}));
  EXPECT_EQ(widened_to_aspect({0, 10, 20, 110}, 768, 512, 512, 512), (Rect{0, 10, 150, 110}));
  // Wider than the picture: all of it.
  EXPECT_EQ(widened_to_aspect({0, 0, 512, 10}, 1, 100, 512, 64), (Rect{0, 0, 512, 64}));
  EXPECT_THROW(widened_to_aspect({5, 5, 5, 9}, 8, 8, 16, 16), Error);
}

TEST(Blurred, KeepsTheSumAndSpreadsToTheKernelsReach) {
  const Mask mask = mask_with(101, 101, {50, 50, 51, 51});
  const Mask wide = blurred(mask_with(101, 101, {40, 40, 61, 61}), 4, 4);
  EXPECT_EQ(wide.row(50)[50], 255);
  EXPECT_EQ(wide.row(50)[29], 0);  // 40 - 10 - 1: beyond 2.5 deviations
  EXPECT_GT(wide.row(50)[31], 0);
  EXPECT_NEAR(wide.row(50)[40], 140, 2);  // half of the kernel and half of its middle
  EXPECT_EQ(blurred(mask, 0, 0).alpha, mask.alpha);
  const Mask all(7, 5, 255);
  EXPECT_EQ(blurred(all, 64, 64).alpha, all.alpha);
  EXPECT_THROW(blurred(mask, -1, 0), Error);
}

TEST(Cropped, RefusesAreasOutside) {
  const Image image = noise(10, 8);
  const Image part = cropped(image, {2, 3, 6, 5});
  EXPECT_EQ(part.width, 4);
  EXPECT_EQ(part.pixel(0, 0)[1], image.pixel(2, 3)[1]);
  EXPECT_EQ(part.pixel(3, 1)[2], image.pixel(5, 4)[2]);
  EXPECT_THROW(cropped(image, {0, 0, 11, 8}), Error);
  EXPECT_THROW(cropped(image, {-1, 0, 4, 4}), Error);
  EXPECT_THROW(cropped(image, {4, 4, 4, 5}), Error);
}

TEST(Blended, KeepsUnmaskedPixelsByteForByte) {
  const Image original = noise(16, 16), painted = Image(16, 16);
  Mask mask(16, 16);
  std::iota(mask.alpha.begin(), mask.alpha.end(), std::uint8_t{0});
  const Image result = blended(original, painted, mask);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(result.pixel(0, 0)[c], original.pixel(0, 0)[c]);
    EXPECT_EQ(result.pixel(15, 15)[c], 0);
  }
  EXPECT_EQ(blended(original, painted, Mask(16, 16)).rgb, original.rgb);
  EXPECT_THROW(blended(original, painted, Mask(15, 16)), Error);
}

TEST(Filled, LeavesTheRestAndTakesColoursFromAround) {
  Image image(96, 64);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 96; ++x) {
      image.pixel(x, y)[0] = x < 48 ? 200 : 20;
      image.pixel(x, y)[1] = 100;
      image.pixel(x, y)[2] = 50;
    }
  }
  const Mask mask = mask_with(96, 64, {20, 20, 76, 44});
  const Image result = filled(image, mask);
  EXPECT_EQ(result.pixel(5, 5)[0], 200);
  EXPECT_EQ(result.pixel(90, 60)[0], 20);
  EXPECT_GT(result.pixel(22, 30)[0], 130);  // near the left side
  EXPECT_LT(result.pixel(74, 30)[0], 90);
  for (int x = 20; x < 76; ++x) EXPECT_NEAR(result.pixel(x, 32)[1], 100, 6) << x;
}

TEST(Filled, WholeAndEmptyMasks) {
  const Image image = noise(12, 9);
  EXPECT_EQ(filled(image, Mask(12, 9)).rgb, image.rgb);
  const Image nothing = filled(image, Mask(12, 9, 255));
  EXPECT_EQ(nothing.rgb, Image(12, 9).rgb);
  EXPECT_THROW(filled(image, Mask(9, 12)), Error);
}

TEST(Outpaint, MarginsMakeMultiples) {
  EXPECT_EQ(rounded_margins({128, 0, 0, 0}, 500, 500), (Margins{140, 0, 0, 0}));
  EXPECT_EQ(rounded_margins({100, 100, 10, 30}, 512, 512), (Margins{128, 128, 16, 48}));
  EXPECT_EQ(rounded_margins({}, 500, 333), Margins{});
  EXPECT_THROW(rounded_margins({-1, 0, 0, 0}, 500, 500), Error);
  EXPECT_THROW(rounded_margins({65536, 65536, 65536, 65536}, 500, 500), Error);
}

TEST(Outpaint, ExtendsByTheEdges) {
  const Image image = noise(4, 3);
  const Image larger = extended(image, {2, 1, 1, 2});
  EXPECT_EQ(larger.width, 7);
  EXPECT_EQ(larger.height, 6);
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(larger.pixel(0, 0)[c], image.pixel(0, 0)[c]);
    EXPECT_EQ(larger.pixel(2, 1)[c], image.pixel(0, 0)[c]);
    EXPECT_EQ(larger.pixel(6, 5)[c], image.pixel(3, 2)[c]);
  }
}

TEST(Outpaint, MaskReachesIntoThePictureOnlyWhereItGrows) {
  const Mask mask = extension_mask(10, 8, {4, 0, 0, 2}, 3);
  EXPECT_EQ(mask.width, 14);
  EXPECT_EQ(mask.height, 10);
  EXPECT_EQ(mask.row(0)[6], 255);
  EXPECT_EQ(mask.row(0)[7], 0);
  EXPECT_EQ(mask.row(0)[13], 0);
  EXPECT_EQ(mask.row(4)[13], 0);
  EXPECT_EQ(mask.row(5)[13], 255);
  const Mask all = extension_mask(4, 4, {4, 4, 4, 4}, 100);
  EXPECT_EQ(all.alpha, Mask(12, 12, 255).alpha);
}

}  // namespace
}  // namespace sfumato
