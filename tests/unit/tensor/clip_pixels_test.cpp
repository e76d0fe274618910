#include "sfumato/tensor/clip_pixels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

Image gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixel(x, y)[0] = std::uint8_t(255 * x / width);
      image.pixel(x, y)[1] = std::uint8_t(255 * y / height);
      image.pixel(x, y)[2] = 40;
    }
  }
  return image;
}

TEST(ResizeBicubic, KeepsAPictureOfTheRightSize) {
  const Image image = gradient(13, 7);
  EXPECT_EQ(resize_bicubic(image, 13, 7).rgb, image.rgb);
}

TEST(ResizeBicubic, KeepsFlatColoursExactly) {
  Image flat(9, 5);
  std::fill(flat.rgb.begin(), flat.rgb.end(), std::uint8_t{123});
  for (const auto& [w, h] : {std::pair{4, 3}, {20, 31}, {9, 40}}) {
    for (const auto value : resize_bicubic(flat, w, h).rgb) ASSERT_EQ(value, 123);
  }
}

TEST(ResizeBicubic, AveragesOverTheWholePictureWhenShrinking) {
  Image board(64, 64);  // one-pixel checks: without antialiasing the result would be 0 or 255
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) std::fill_n(board.pixel(x, y), 3, (x + y) % 2 ? 255 : 0);
  }
  for (const auto value : resize_bicubic(board, 8, 8).rgb) EXPECT_NEAR(value, 127.5, 4.0);
}

TEST(ClipPixels, CutsTheMiddleAndNormalises) {
  Image image(60, 20);  // left third red, middle green, right blue
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 60; ++x) image.pixel(x, y)[x / 20] = 255;
  }
  const PixelStatistics s;
  const auto pixels = clip_pixels(image, 10);
  ASSERT_EQ(pixels.sizes(), at::IntArrayRef({3, 10, 10}));
  EXPECT_NEAR(pixels[1][5][5].item<double>(), (1.0 - s.mean[1]) / s.std[1], 1e-5);
  EXPECT_NEAR(pixels[0][5][5].item<double>(), (0.0 - s.mean[0]) / s.std[0], 1e-5);
}

TEST(ClipPixels, RefusesAnEmptyPicture) { EXPECT_THROW(clip_pixels(Image(), 8), Error); }

}  // namespace
}  // namespace sfumato
