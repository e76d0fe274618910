#include "sfumato/image/tiles.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

// The beginnings of the tiles along one axis.
std::vector<int> beginnings(int side, int tile, int overlap) {
  if (side <= tile) return {0};
  const int step = tile - overlap;
  const int count = (side - overlap + step - 1) / step;
  std::vector<int> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(static_cast<int>(std::int64_t(side - tile) * i / (count - 1)));
  }
  return all;
}

// How much a tile counts at `at` of its pixels [begin, end) on an axis of `side` pixels: rises from
// its edges inwards, but not from the edges of the picture.
int weight(int at, int begin, int end, int side) {
  const int from_begin = begin == 0 ? end - begin : at - begin + 1;
  const int from_end = end == side ? end - begin : end - at;
  return std::min(from_begin, from_end);
}

void check_tile(const Image& image, const Rect& place, int width, int height) {
  const bool fits = 0 <= place.left && place.left < place.right && place.right <= width &&
                    0 <= place.top && place.top < place.bottom && place.bottom <= height;
  if (fits && image.width == place.width() && image.height == place.height()) return;
  throw Error(ErrorKind::InvalidArgument,
              "a tile of " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                  " pixels for a place of " + std::to_string(place.width()) + " x " +
                  std::to_string(place.height()));
}

}  // namespace

std::vector<Rect> tiles_of(int width, int height, int tile, int overlap) {
  constexpr std::int64_t kMostTiles = 1'000'000;
  const bool sound = width > 0 && height > 0 && overlap >= 0 && overlap < tile;
  const std::int64_t step = std::int64_t(tile) - overlap;
  if (!sound || (width / step + 1) * (height / step + 1) > kMostTiles) {
    throw Error(ErrorKind::InvalidArgument, "cannot cut " + std::to_string(width) + " x " +
                                                std::to_string(height) + " pixels into tiles of " +
                                                std::to_string(tile) + " that overlap by " +
                                                std::to_string(overlap));
  }
  std::vector<Rect> places;
  for (const int top : beginnings(height, tile, overlap)) {
    for (const int left : beginnings(width, tile, overlap)) {
      places.push_back({.left = left,
                        .top = top,
                        .right = std::min(left + tile, width),
                        .bottom = std::min(top + tile, height)});
    }
  }
  return places;
}

Image joined_tiles(std::span<const Image> painted, std::span<const Rect> places, int width,
                   int height) {
  if (painted.size() != places.size()) {
    throw Error(ErrorKind::InvalidArgument, std::to_string(painted.size()) + " tiles for " +
                                                std::to_string(places.size()) + " places");
  }
  Image image(width, height);
  std::vector<std::uint64_t> sums(image.rgb.size());
  std::vector<std::uint64_t> weights(static_cast<std::size_t>(width) * height);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Rect& place = places[i];
    check_tile(painted[i], place, width, height);
    for (int y = place.top; y < place.bottom; ++y) {
      const auto down = static_cast<std::uint64_t>(weight(y, place.top, place.bottom, height));
      for (int x = place.left; x < place.right; ++x) {
        const auto across = static_cast<std::uint64_t>(weight(x, place.left, place.right, width));
        const std::size_t at = static_cast<std::size_t>(y) * width + x;
        const std::uint8_t* rgb = painted[i].pixel(x - place.left, y - place.top);
        weights[at] += down * across;
        for (std::size_t c = 0; c < 3; ++c) sums[3 * at + c] += rgb[c] * down * across;
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::uint64_t whole = weights[i / 3];
    if (whole == 0) {
      throw Error(ErrorKind::InvalidArgument, "the tiles do not cover the picture");
    }
    image.rgb[i] = static_cast<std::uint8_t>((sums[i] + whole / 2) / whole);
  }
  return image;
}

}  // namespace sfumato
