#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

Image filled_with(int width, int height, std::uint8_t value) {
  Image image(width, height);
  std::fill(image.rgb.begin(), image.rgb.end(), value);
  return image;
}

using Names = std::vector<std::string>;

TEST(LabelledGrid, LeavesRoomForNames) {
  const std::vector<Image> images{filled_with(64, 48, 10), filled_with(64, 48, 20),
                                  filled_with(64, 48, 30), filled_with(64, 48, 40)};
  const Image grid = labelled_grid(images, Names{"Steps: 10", "Steps: 20"}, Names{"a", "b"}, 2);
  EXPECT_EQ(grid.width, 48 + 2 * 64 + 2);  // three quarters of a picture for the names of rows
  EXPECT_GT(grid.height, 2 * 48 + 2);
  const int top = grid.height - (2 * 48 + 2);
  EXPECT_EQ(grid.pixel(48, top)[0], 10);
  EXPECT_EQ(grid.pixel(grid.width - 1, top)[0], 20);
  EXPECT_EQ(grid.pixel(48, grid.height - 1)[0], 30);
  EXPECT_EQ(grid.pixel(grid.width - 1, grid.height - 1)[0], 40);
}

TEST(LabelledGrid, UnnamedAxesTakeNoRoom) {
  const std::vector<Image> images{filled_with(16, 8, 10), filled_with(8, 16, 20)};
  const Image grid = labelled_grid(images, Names{"", ""}, Names{""});
  EXPECT_EQ(grid.width, 32);
  EXPECT_EQ(grid.height, 16);
  EXPECT_EQ(grid.pixel(0, 0)[0], 255);  // smaller than its cell, in the middle
  EXPECT_EQ(grid.pixel(0, 4)[0], 10);
  EXPECT_EQ(grid.pixel(20, 0)[0], 20);
}

TEST(LabelledGrid, PutsOneSheetPerZ) {
  const std::vector<Image> images(8, filled_with(16, 16, 7));
  const Image one = plot(std::span(images).first(4), Names{"a", "b"}, Names{"c", "d"}, Names{""});
  const Image two = plot(images, Names{"a", "b"}, Names{"c", "d"}, Names{"e", "f"});
  EXPECT_EQ(two.width, 2 * one.width);
  EXPECT_GT(two.height, one.height);
  EXPECT_THROW(plot(images, Names{"a"}, Names{"b"}, Names{"c"}), Error);
  EXPECT_THROW(labelled_grid(images, {}, {}), Error);
}

TEST(LabelledGrid, RefusesAPlotThatIsNoPictureBeforeItIsPainted) {
  const Names few(2, "a"), many(100, "a");
  EXPECT_NO_THROW(check_plot_size(300, 300, many, few, Names{""}));
  EXPECT_THROW(check_plot_size(512, 512, few, many, few), Error);  // 51200 pixels high
  EXPECT_THROW(check_plot_size(320, 320, many, many, Names{""}), Error);
  try {
    check_plot_size(512, 512, Names{""}, many, Names{""});
    ADD_FAILURE() << "accepted";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
  }
}

}  // namespace
}  // namespace sfumato
