#include <algorithm>
#include <ostream>

#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

void set_colour(std::ostream& out, int layer, const std::uint8_t* rgb) {
  out << "\x1B[" << layer << ";2;" << int(rgb[0]) << ';' << int(rgb[1]) << ';' << int(rgb[2])
      << 'm';
}

}  // namespace

// A character cell is about twice as high as wide: the upper half block shows one pixel in the
// foreground colour, the one below it in the background colour.
void print_to_terminal(const Image& image, std::ostream& out, int columns) {
  if (image.width < 1 || image.height < 1 || columns < 1) return;
  const int width = std::min(columns, image.width);
  const int height = std::max(1, static_cast<int>(double(image.height) * width / image.width));
  const Image small = resize(image, width, height);
  for (int y = 0; y < height; y += 2) {
    for (int x = 0; x < width; ++x) {
      set_colour(out, 38, small.pixel(x, y));
      if (y + 1 < height) set_colour(out, 48, small.pixel(x, y + 1));
      out << "\u2580";
    }
    out << "\x1B[0m\n";
  }
}

}  // namespace sfumato
