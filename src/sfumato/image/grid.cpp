#include <cairo.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/image/canvas.h"
#include "sfumato/image/caption.h"
#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

constexpr int kPadding = 3;  // between picture and caption

void check_grid(std::span<const Image> images, int columns, int gap,
                std::span<const std::string> captions) {
  if (images.empty() || columns < 1 || gap < 0) {
    throw Error(ErrorKind::InvalidArgument, "a grid needs at least one picture and one column");
  }
  if (!captions.empty() && captions.size() != images.size()) {
    throw Error(ErrorKind::InvalidArgument, "a grid of " + std::to_string(images.size()) +
                                                " pictures with " +
                                                std::to_string(captions.size()) + " captions");
  }
  for (const Image& image : images) {
    if (image.width != images[0].width || image.height != images[0].height) {
      throw Error(ErrorKind::InvalidArgument,
                  "pictures of different sizes in a grid: " + std::to_string(images[0].width) +
                      " x " + std::to_string(images[0].height) + " and " +
                      std::to_string(image.width) + " x " + std::to_string(image.height));
    }
  }
}

}  // namespace

Image grid(std::span<const Image> images, int columns, int gap,
           std::span<const std::string> captions) {
  check_grid(images, columns, gap, captions);
  const int count = static_cast<int>(images.size()), across = std::min(columns, count);
  const int down = (count + columns - 1) / columns;
  const int cell_width = images[0].width, cell_height = images[0].height;
  const double font_size = std::clamp(cell_width / 9.0, 8.0, 14.0);
  const int line_height = static_cast<int>(font_size * 1.25 + 0.5);

  Canvas measure(1, 1);
  caption::use_font(measure.context(), font_size);
  std::vector<std::vector<std::string>> lines(images.size());
  std::vector<int> caption_height(static_cast<std::size_t>(down), 0);
  for (std::size_t i = 0; i < captions.size(); ++i) {
    lines[i] = caption::wrap(measure.context(), captions[i], cell_width);
    int& height = caption_height[i / static_cast<std::size_t>(columns)];
    height = std::max(height, static_cast<int>(lines[i].size()) * line_height + 2 * kPadding);
  }

  int height = gap * (down - 1);
  for (const int h : caption_height) height += cell_height + h;
  Canvas canvas(across * cell_width + gap * (across - 1), height);
  cairo_t* cairo = canvas.context();
  caption::use_font(cairo, font_size);
  cairo_set_source_rgb(cairo, 0.1, 0.1, 0.1);
  int top = 0;
  for (int row = 0; row < down; ++row) {
    for (int i = row * columns; i < std::min(count, (row + 1) * columns); ++i) {
      const int left = (i - row * columns) * (cell_width + gap);
      canvas.paste(images[i], left, top);
      double baseline = top + cell_height + kPadding + font_size;
      for (const std::string& line : lines[i]) {
        cairo_move_to(cairo, left, baseline);
        cairo_show_text(cairo, line.c_str());
        baseline += line_height;
      }
    }
    top += cell_height + caption_height[row] + gap;
  }
  return canvas.image();
}

}  // namespace sfumato
