#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "sfumato/image/image.h"

namespace sfumato {

/// Area-weighted (downscale) or bilinear (upscale) resampling to width x height.
Image resize(const Image& image, int width, int height);
/// Scales the short side to `size` and cuts the centre square.
Image resize_and_crop(const Image& image, int size);

/// Pictures of one size side by side, `columns` a row, `gap` white pixels between; captions, when
/// given (one per picture), are set small below each, wrapped.
Image grid(std::span<const Image> images, int columns, int gap = 2,
           std::span<const std::string> captions = {});

/// A line chart of one or more named series (x, y), logarithmic y when `log_y`; for loss curves.
struct Series {
  std::string name;
  std::vector<double> x, y;
};
Image line_chart(const std::string& title, std::span<const Series> series, int width, int height,
                 bool log_y);

/// Draws the picture with half-block characters in 24-bit colour, at most `columns` wide.
void print_to_terminal(const Image& image, std::ostream& out, int columns);

}  // namespace sfumato
