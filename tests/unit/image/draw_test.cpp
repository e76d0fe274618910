#include "sfumato/image/draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

Image plain(int width, int height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Image image(width, height);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = r;
    image.rgb[i + 1] = g;
    image.rgb[i + 2] = b;
  }
  return image;
}

std::vector<std::uint8_t> at(const Image& image, int x, int y) {
  const std::uint8_t* p = image.pixel(x, y);
  return {p[0], p[1], p[2]};
}

TEST(Resize, AveragesWhatATargetPixelCovers) {
  Image image(4, 2);
  for (int x = 0; x < 4; ++x) {
    for (int y = 0; y < 2; ++y) image.pixel(x, y)[0] = static_cast<std::uint8_t>(40 * x + 20 * y);
  }
  const Image half = resize(image, 2, 1);
  EXPECT_EQ(half.pixel(0, 0)[0], 30);   // 0, 40, 20, 60
  EXPECT_EQ(half.pixel(1, 0)[0], 110);  // 80, 120, 100, 140
  const Image third = resize(image, 3, 2);
  EXPECT_EQ(third.pixel(0, 0)[0], 10);  // 0 whole, a third of 40
}

TEST(Resize, EnlargesLinearly) {
  Image image(2, 1);
  image.pixel(1, 0)[1] = 100;
  const Image wide = resize(image, 4, 1);
  EXPECT_EQ(wide.pixel(0, 0)[1], 0);
  EXPECT_EQ(wide.pixel(1, 0)[1], 25);
  EXPECT_EQ(wide.pixel(2, 0)[1], 75);
  EXPECT_EQ(wide.pixel(3, 0)[1], 100);
}

TEST(Resize, KeepsAPlainColourAtEverySize) {
  const Image image = plain(13, 7, 10, 200, 77);
  for (const int size : {1, 5, 13, 40}) {
    const Image resized = resize(image, size, size + 1);
    for (int y = 0; y < size + 1; ++y) {
      for (int x = 0; x < size; ++x) ASSERT_EQ(at(resized, x, y), at(image, 0, 0));
    }
  }
}

TEST(Resize, RefusesNothing) {
  EXPECT_THROW(resize(Image(), 4, 4), Error);
  EXPECT_THROW(resize(plain(4, 4, 0, 0, 0), 0, 4), Error);
}

TEST(ResizeAndCrop, CutsTheCentreSquare) {
  Image image(30, 10);
  for (int y = 0; y < 10; ++y) {
    for (int x = 10; x < 20; ++x) image.pixel(x, y)[2] = 250;
  }
  const Image square = resize_and_crop(image, 5);
  EXPECT_EQ(square.width, 5);
  EXPECT_EQ(square.height, 5);
  for (int x = 0; x < 5; ++x) EXPECT_EQ(square.pixel(x, 2)[2], 250);
}

TEST(Grid, PlacesPicturesRowByRowOnWhite) {
  const std::vector<Image> images{plain(4, 3, 1, 1, 1), plain(4, 3, 2, 2, 2), plain(4, 3, 3, 3, 3)};
  const Image all = grid(images, 2, 2);
  EXPECT_EQ(all.width, 10);
  EXPECT_EQ(all.height, 8);
  EXPECT_EQ(all.pixel(0, 0)[0], 1);
  EXPECT_EQ(all.pixel(9, 2)[0], 2);
  EXPECT_EQ(all.pixel(3, 7)[0], 3);
  EXPECT_EQ(all.pixel(4, 0)[0], 255);
  EXPECT_EQ(all.pixel(9, 7)[0], 255);
}

TEST(Grid, WritesCaptionsBelowThePictures) {
  const std::vector<Image> images{plain(64, 64, 0, 0, 0), plain(64, 64, 0, 0, 0)};
  const std::vector<std::string> captions{"red", "a large red circle to the left of a blue square"};
  const Image all = grid(images, 2, 2, captions);
  EXPECT_GT(all.height, 64 + 20);
  const auto ink = [&](int left) {
    int dark = 0;
    for (int y = 66; y < all.height; ++y) {
      for (int x = left; x < left + 64; ++x) dark += all.pixel(x, y)[0] < 128;
    }
    return dark;
  };
  EXPECT_GT(ink(0), 10);
  EXPECT_GT(ink(66), 3 * ink(0));
}

TEST(Grid, RefusesMixedSizesAndWrongCaptionCounts) {
  const std::vector<Image> mixed{plain(4, 4, 0, 0, 0), plain(5, 4, 0, 0, 0)};
  EXPECT_THROW(grid(mixed, 2), Error);
  EXPECT_THROW(grid({}, 2), Error);
  const std::vector<std::string> captions{"one"};
  const std::vector<Image> two{plain(4, 4, 0, 0, 0), plain(4, 4, 0, 0, 0)};
  EXPECT_THROW(grid(two, 2, 2, captions), Error);
}

// Pixels of the first series' blue in the plotted part of the chart.
int blue_pixels(const Image& chart, int left, int right, int top, int bottom) {
  int count = 0;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      const std::uint8_t* p = chart.pixel(x, y);
      count += p[2] > p[0] + 60;
    }
  }
  return count;
}

TEST(LineChart, FallsWhereTheSeriesFalls) {
  Series series{"loss", {}, {}};
  for (int i = 0; i <= 100; ++i) {
    series.x.push_back(i);
    series.y.push_back(std::exp(-0.05 * i));
  }
  for (const bool log_y : {false, true}) {
    const Image chart = line_chart("training", std::span(&series, 1), 320, 200, log_y);
    ASSERT_EQ(chart.width, 320);
    EXPECT_GT(blue_pixels(chart, 66, 110, 34, 90), 10) << log_y;
    EXPECT_GT(blue_pixels(chart, 260, 303, 110, 168), 10) << log_y;
    EXPECT_EQ(blue_pixels(chart, 260, 303, 40, 90), 0) << log_y;
  }
}

TEST(LineChart, SkipsWhatItCannotShow) {
  Series series{"loss", {1, 2, 3, 4}, {1.0, NAN, INFINITY, -1.0}};
  EXPECT_NO_THROW(line_chart("bad", std::span(&series, 1), 320, 200, true));
  EXPECT_NO_THROW(line_chart("none", {}, 320, 200, false));
  EXPECT_THROW(line_chart("tiny", {}, 10, 10, false), Error);
}

TEST(PrintToTerminal, DrawsTwoPixelsPerCharacter) {
  Image image = plain(2, 2, 255, 0, 0);
  image.pixel(0, 1)[1] = 7;
  std::ostringstream out;
  print_to_terminal(image, out, 80);
  EXPECT_EQ(out.str(),
            "\x1B[38;2;255;0;0m\x1B[48;2;255;7;0m\u2580"
            "\x1B[38;2;255;0;0m\x1B[48;2;255;0;0m\u2580\x1B[0m\n");
}

TEST(PrintToTerminal, IsNoWiderThanAsked) {
  std::ostringstream out;
  print_to_terminal(plain(100, 50, 0, 0, 0), out, 20);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
}

}  // namespace
}  // namespace sfumato
