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

/// Pictures in a table, `columns.size()` a row, with names above the columns and left of the rows
/// (an axis whose names are all empty takes no room) and `gap` white pixels between. Pictures of
/// different sizes stand in the middle of cells of the largest. Proportions as in the X/Y/Z plot of
/// A1111's web UI.
Image labelled_grid(std::span<const Image> images, std::span<const std::string> columns,
                    std::span<const std::string> rows, int gap = 0);
/// An X/Y/Z plot, images [z][y][x]: one labelled grid for every z, side by side below their names.
Image plot(std::span<const Image> images, std::span<const std::string> x,
           std::span<const std::string> y, std::span<const std::string> z, int gap = 0);
/// Throws InvalidArgument when such a plot of pictures of width x height would be larger than a
/// picture can be: what takes hours to paint is checked before.
void check_plot_size(int width, int height, std::span<const std::string> x,
                     std::span<const std::string> y, std::span<const std::string> z, int gap = 0);

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
