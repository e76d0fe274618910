#include "sfumato/image/tiles.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"

namespace sfumato {
namespace {

TEST(Tiles, CoverThePictureAndOverlap) {
  for (const int width : {1, 64, 65, 100, 128, 1000}) {
    for (const int overlap : {0, 1, 16, 63}) {
      const auto places = tiles_of(width, 32, 64, overlap);
      EXPECT_EQ(places.front().left, 0);
      EXPECT_EQ(places.back().right, width);
      for (std::size_t i = 0; i + 1 < places.size(); ++i) {
        EXPECT_GE(places[i].right - places[i + 1].left, overlap) << width << " " << overlap;
        EXPECT_EQ(places[i].width(), std::min(width, 64));
      }
      EXPECT_EQ(places.front().bottom, 32);
    }
  }
  EXPECT_EQ(tiles_of(128, 128, 64, 0).size(), 4u);
}

TEST(Tiles, UnchangedTilesMakeThePictureAgain) {
  Random random(1);
  Image image(150, 90);
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.bits());
  const auto places = tiles_of(150, 90, 64, 24);
  std::vector<Image> tiles;
  for (const Rect& place : places) tiles.push_back(cropped(image, place));
  EXPECT_EQ(joined_tiles(tiles, places, 150, 90).rgb, image.rgb);
}

TEST(Tiles, BlendWithoutSeams) {
  const auto places = tiles_of(100, 8, 64, 28);
  ASSERT_EQ(places.size(), 2u);
  std::vector<Image> tiles{Image(64, 8), Image(64, 8)};
  std::fill(tiles[1].rgb.begin(), tiles[1].rgb.end(), std::uint8_t{255});
  const Image image = joined_tiles(tiles, places, 100, 8);
  for (int x = 1; x < 100; ++x) {
    const int step = image.pixel(x, 4)[0] - image.pixel(x - 1, 4)[0];
    EXPECT_GE(step, 0) << x;
    EXPECT_LE(step, 10) << x;
  }
  EXPECT_EQ(image.pixel(0, 0)[0], 0);
  EXPECT_EQ(image.pixel(99, 7)[0], 255);
}

TEST(Tiles, RefuseWhatDoesNotFit) {
  EXPECT_THROW(tiles_of(100, 100, 64, 64), Error);
  EXPECT_THROW(tiles_of(0, 100, 64, 0), Error);
  EXPECT_THROW(tiles_of(100000, 100000, 8, 7), Error);
  const auto places = tiles_of(100, 64, 64, 0);
  EXPECT_THROW(joined_tiles(std::vector<Image>(2, Image(8, 8)), places, 100, 64), Error);
  EXPECT_THROW(joined_tiles(std::vector<Image>(1, Image(64, 64)), places, 100, 64), Error);
}

}  // namespace
}  // namespace sfumato
