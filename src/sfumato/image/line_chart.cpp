#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "sfumato/base/error.h"
#include "sfumato/image/canvas.h"
#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

constexpr double kColours[][3] = {{0.12, 0.36, 0.71}, {0.84, 0.33, 0.10}, {0.17, 0.55, 0.26},
                                  {0.58, 0.24, 0.66}, {0.75, 0.60, 0.05}, {0.35, 0.35, 0.35}};

/// The values along one axis and where they fall on the canvas.
struct Axis {
  double low = std::numeric_limits<double>::infinity(),
         high = -std::numeric_limits<double>::infinity();
  double from = 0, to = 0;  ///< pixels of low and high
  bool log = false;

  double scaled(double value) const { return log ? std::log10(value) : value; }
  bool accepts(double value) const { return std::isfinite(value) && (!log || value > 0); }
  void include(double value) {
    low = std::min(low, scaled(value));
    high = std::max(high, scaled(value));
  }
  void settle() {
    if (!(low <= high)) low = 0, high = 1;
    if (high - low < 1e-12 * std::max(1.0, std::abs(high))) low -= 0.5, high += 0.5;
  }
  double at(double value) const {
    return from + (scaled(value) - low) / (high - low) * (to - from);
  }

  // Round values, about `count` of them: 1, 2 or 5 times a power of ten apart; on a logarithmic
  // axis 1, 2 and 5 times each power of ten.
  std::vector<double> ticks(int count) const {
    std::vector<double> values;
    if (log) {
      for (int decade = static_cast<int>(std::floor(low)); decade <= high; ++decade) {
        for (const double digit : {1.0, 2.0, 5.0}) {
          const double value = digit * std::pow(10.0, decade);
          const bool fine = high - low < 3.0 || digit == 1.0;
          if (fine && scaled(value) >= low && scaled(value) <= high) values.push_back(value);
        }
      }
      return values;
    }
    const double rough = (high - low) / count;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double step = rough / power > 5   ? 10 * power
                        : rough / power > 2 ? 5 * power
                        : rough / power > 1 ? 2 * power
                                            : power;
    for (double i = std::ceil(low / step); i * step <= high && values.size() < 50; ++i) {
      values.push_back(i * step);
    }
    return values;
  }
};

std::string number(double value) {
  char text[32];
  if (std::abs(value) >= 10000) {
    std::snprintf(text, sizeof text, "%gk", value / 1000);
  } else {
    std::snprintf(text, sizeof text, "%.4g", std::abs(value) < 1e-12 ? 0.0 : value);
  }
  return text;
}

/// Text whose box's point (ax, ay), both 0 .. 1, lies at (x, y).
void put_text(cairo_t* cairo, const std::string& text, double x, double y, double ax, double ay) {
  cairo_text_extents_t box;
  cairo_text_extents(cairo, text.c_str(), &box);
  cairo_move_to(cairo, x - box.x_bearing - ax * box.width, y - box.y_bearing - ay * box.height);
  cairo_show_text(cairo, text.c_str());
}

void draw_axes(cairo_t* cairo, const Axis& x, const Axis& y) {
  cairo_set_line_width(cairo, 1);
  for (const double value : y.ticks(6)) {
    const double at = std::round(y.at(value)) + 0.5;
    cairo_set_source_rgb(cairo, 0.88, 0.88, 0.88);
    cairo_move_to(cairo, x.from, at);
    cairo_line_to(cairo, x.to, at);
    cairo_stroke(cairo);
    cairo_set_source_rgb(cairo, 0.3, 0.3, 0.3);
    put_text(cairo, number(value), x.from - 6, at, 1, 0.5);
  }
  cairo_set_source_rgb(cairo, 0.3, 0.3, 0.3);
  for (const double value : x.ticks(8)) {
    const double at = std::round(x.at(value)) + 0.5;
    cairo_move_to(cairo, at, y.from);
    cairo_line_to(cairo, at, y.from + 4);
    cairo_stroke(cairo);
    put_text(cairo, number(value), at, y.from + 8, 0.5, 0);
  }
  cairo_rectangle(cairo, x.from + 0.5, y.to + 0.5, x.to - x.from, y.from - y.to);
  cairo_stroke(cairo);
}

void use_colour(cairo_t* cairo, std::size_t series) {
  const double* rgb = kColours[series % std::size(kColours)];
  cairo_set_source_rgb(cairo, rgb[0], rgb[1], rgb[2]);
}

void draw_line(cairo_t* cairo, const Series& series, const Axis& x, const Axis& y) {
  cairo_set_line_width(cairo, 1.5);
  const std::size_t count = std::min(series.x.size(), series.y.size());
  bool gap = true;
  for (std::size_t i = 0; i < count; ++i) {
    if (!x.accepts(series.x[i]) || !y.accepts(series.y[i])) {
      gap = true;
      continue;
    }
    (gap ? cairo_move_to : cairo_line_to)(cairo, x.at(series.x[i]), y.at(series.y[i]));
    gap = false;
  }
  cairo_stroke(cairo);
}

}  // namespace

Image line_chart(const std::string& title, std::span<const Series> series, int width, int height,
                 bool log_y) {
  if (width < 160 || height < 120 || width > 16384 || height > 16384) {
    throw Error(ErrorKind::InvalidArgument, "chart size " + std::to_string(width) + " x " +
                                                std::to_string(height) +
                                                " is outside 160 x 120 .. 16384 x 16384");
  }
  Axis x, y;
  y.log = log_y;
  for (const Series& s : series) {
    for (std::size_t i = 0; i < std::min(s.x.size(), s.y.size()); ++i) {
      if (!x.accepts(s.x[i]) || !y.accepts(s.y[i])) continue;
      x.include(s.x[i]);
      y.include(s.y[i]);
    }
  }
  x.settle();
  y.settle();
  x.from = 64, x.to = width - 16;
  y.from = height - 32, y.to = 32;

  Canvas canvas(width, height);
  cairo_t* cairo = canvas.context();
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, 12);
  draw_axes(cairo, x, y);
  cairo_set_source_rgb(cairo, 0, 0, 0);
  put_text(cairo, title, x.from, 16, 0, 0.5);

  for (std::size_t i = 0; i < series.size(); ++i) {
    use_colour(cairo, i);
    draw_line(cairo, series[i], x, y);
  }
  double legend = x.to - 8;  // the names from right to left
  for (std::size_t i = series.size(); i-- > 0;) {
    use_colour(cairo, i);
    cairo_text_extents_t box;
    cairo_text_extents(cairo, series[i].name.c_str(), &box);
    put_text(cairo, series[i].name, legend, 16, 1, 0.5);
    legend -= box.width + 16;
  }
  return canvas.image();
}

}  // namespace sfumato
