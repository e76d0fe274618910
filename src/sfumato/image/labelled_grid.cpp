#include <cairo.h>

#include <algorithm>
#include <cstdint>

#include "sfumato/base/error.h"
#include "sfumato/image/canvas.h"
#include "sfumato/image/caption.h"
#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

/// A name in lines, and the font size at which they fit.
struct Label {
  std::vector<std::string> lines;
  double font_size = 0, height = 0;
};

constexpr double kLineHeight = 1.4;  // in font sizes

Label make_label(cairo_t* cairo, const std::string& text, double font_size, double width) {
  caption::use_font(cairo, font_size);
  Label label{.lines = caption::wrap(cairo, text, width), .font_size = font_size, .height = 0};
  double widest = 0;
  for (const auto& line : label.lines) widest = std::max(widest, caption::width_of(cairo, line));
  if (widest > width) label.font_size *= width / widest;  // a single word too long for its place
  label.height = static_cast<double>(label.lines.size()) * label.font_size * kLineHeight;
  return label;
}

// Draws the lines one below the other with their middle at (x, y).
void draw(cairo_t* cairo, const Label& label, double x, double y) {
  caption::use_font(cairo, label.font_size);
  cairo_set_source_rgb(cairo, 0, 0, 0);
  double baseline = y - label.height / 2 + label.font_size;
  for (const std::string& line : label.lines) {
    cairo_move_to(cairo, x - caption::width_of(cairo, line) / 2, baseline);
    cairo_show_text(cairo, line.c_str());
    baseline += label.font_size * kLineHeight;
  }
}

std::vector<Label> make_labels(cairo_t* cairo, std::span<const std::string> texts, double font_size,
                               double width) {
  std::vector<Label> labels;
  for (const auto& text : texts) labels.push_back(make_label(cairo, text, font_size, width));
  return labels;
}

void check_labelled_grid(std::size_t images, std::size_t columns, std::size_t rows, int gap) {
  if (columns > 0 && rows > 0 && images % columns == 0 && images / columns == rows && gap >= 0 &&
      gap <= 4096) {
    return;
  }
  throw Error(ErrorKind::InvalidArgument, std::to_string(images) + " pictures do not make " +
                                              std::to_string(columns) + " columns and " +
                                              std::to_string(rows) + " rows");
}

constexpr std::int64_t kMostGridSide = 32767;      // of a Cairo surface
constexpr std::int64_t kMostGridPixels = 1 << 28;  // as for pictures that are read

/// Where everything stands in a labelled grid, in pixels.
struct GridLayout {
  std::int64_t left = 0, top = 0, width = 0, height = 0;
  std::vector<Label> above, beside;
};

GridLayout layout_of(std::int64_t cell_width, std::int64_t cell_height,
                     std::span<const std::string> columns, std::span<const std::string> rows,
                     int gap) {
  GridLayout grid;
  const double font_size = std::max(8.0, double(cell_width + cell_height) / 25);
  const bool named_rows =
      std::any_of(rows.begin(), rows.end(), [](const auto& name) { return !name.empty(); });
  grid.left = named_rows ? cell_width * 3 / 4 : 0;

  Canvas measure(1, 1);
  grid.above = make_labels(measure.context(), columns, font_size, double(cell_width));
  grid.beside = make_labels(measure.context(), rows, font_size, double(grid.left));
  double highest = 0;
  for (const Label& label : grid.above) highest = std::max(highest, label.height);
  grid.top = highest > 0 ? static_cast<std::int64_t>(highest + font_size) : 0;

  const auto across = static_cast<std::int64_t>(columns.size());
  const auto down = static_cast<std::int64_t>(rows.size());
  grid.width = grid.left + across * cell_width + gap * (across - 1);
  grid.height = grid.top + down * cell_height + gap * (down - 1);
  if (grid.width > kMostGridSide || grid.height > kMostGridSide ||
      grid.width * grid.height > kMostGridPixels) {
    throw Error(ErrorKind::InvalidArgument,
                "a grid of " + std::to_string(grid.width) + " x " + std::to_string(grid.height) +
                    " pixels is larger than a picture can be",
                "choose fewer or smaller pictures");
  }
  return grid;
}

bool is_one_sheet(std::span<const std::string> z) { return z.size() == 1 && z.front().empty(); }

const std::string kUnnamedRow[1];

}  // namespace

Image labelled_grid(std::span<const Image> images, std::span<const std::string> columns,
                    std::span<const std::string> rows, int gap) {
  check_labelled_grid(images.size(), columns.size(), rows.size(), gap);
  std::int64_t width = 0, height = 0;
  for (const Image& image : images) {
    width = std::max<std::int64_t>(width, image.width);
    height = std::max<std::int64_t>(height, image.height);
  }
  const GridLayout grid = layout_of(width, height, columns, rows, gap);
  const auto across = static_cast<std::int64_t>(columns.size());
  const auto down = static_cast<std::int64_t>(rows.size());
  Canvas canvas(static_cast<int>(grid.width), static_cast<int>(grid.height));
  for (std::int64_t i = 0; i < across * down; ++i) {
    const Image& image = images[static_cast<std::size_t>(i)];
    const std::int64_t x = grid.left + i % across * (width + gap) + (width - image.width) / 2;
    const std::int64_t y = grid.top + i / across * (height + gap) + (height - image.height) / 2;
    canvas.paste(image, static_cast<int>(x), static_cast<int>(y));
  }
  for (std::int64_t i = 0; i < across; ++i) {
    draw(canvas.context(), grid.above[static_cast<std::size_t>(i)],
         double(grid.left + i * (width + gap)) + double(width) / 2, double(grid.top) / 2);
  }
  for (std::int64_t i = 0; i < down && grid.left > 0; ++i) {
    draw(canvas.context(), grid.beside[static_cast<std::size_t>(i)], double(grid.left) / 2,
         double(grid.top + i * (height + gap)) + double(height) / 2);
  }
  return canvas.image();
}

Image plot(std::span<const Image> images, std::span<const std::string> x,
           std::span<const std::string> y, std::span<const std::string> z, int gap) {
  check_labelled_grid(images.size(), x.size() * y.size(), z.size(), gap);
  const std::size_t sheet = x.size() * y.size();
  std::vector<Image> sheets;
  for (std::size_t i = 0; i < z.size(); ++i) {
    sheets.push_back(labelled_grid(images.subspan(i * sheet, sheet), x, y, gap));
  }
  if (is_one_sheet(z)) return std::move(sheets.front());
  return labelled_grid(sheets, z, kUnnamedRow, gap);
}

void check_plot_size(int width, int height, std::span<const std::string> x,
                     std::span<const std::string> y, std::span<const std::string> z, int gap) {
  const GridLayout sheet = layout_of(width, height, x, y, gap);
  if (!is_one_sheet(z)) layout_of(sheet.width, sheet.height, z, kUnnamedRow, gap);
}

}  // namespace sfumato
