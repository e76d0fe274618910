#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sfumato {

/// An 8-bit RGB picture, rows top to bottom, [height, width, 3], sRGB values as in the file.
struct Image {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;

  Image() = default;
  Image(int w, int h) : width(w), height(h), rgb(static_cast<std::size_t>(w) * h * 3) {}

  std::uint8_t* pixel(int x, int y) { return &rgb[(static_cast<std::size_t>(y) * width + x) * 3]; }
  const std::uint8_t* pixel(int x, int y) const {
    return &rgb[(static_cast<std::size_t>(y) * width + x) * 3];
  }
};

}  // namespace sfumato
