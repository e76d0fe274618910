#include "sfumato/data/scenes/draw_scene.h"

#include <cairo.h>

#include <cmath>
#include <numbers>

#include "sfumato/image/canvas.h"

namespace sfumato::scenes {
namespace {

void star_path(cairo_t* cairo) {
  // The points' box is not centred on their circle: moved down so that it is.
  const double down = 1.0 - half_extent(Shape::Star).y;
  for (int i = 0; i < 10; ++i) {
    const double radius = i % 2 == 0 ? 1.0 : 0.45, angle = std::numbers::pi * (i / 5.0 - 0.5);
    cairo_line_to(cairo, radius * std::cos(angle), radius * std::sin(angle) + down);
  }
}

void cross_path(cairo_t* cairo) {
  constexpr double kArm = 0.32;
  cairo_rectangle(cairo, -1, -kArm, 2, 2 * kArm);
  cairo_rectangle(cairo, -kArm, -1, 2 * kArm, 2);
}

// The outline in units of the radius, around the origin.
void shape_path(cairo_t* cairo, Shape shape) {
  const HalfExtent half = half_extent(shape);
  switch (shape) {
    case Shape::Circle:
      return cairo_arc(cairo, 0, 0, 1, 0, 2 * std::numbers::pi);
    case Shape::Square:
      return cairo_rectangle(cairo, -half.x, -half.y, 2 * half.x, 2 * half.y);
    case Shape::Triangle:
      cairo_move_to(cairo, 0, -half.y);
      cairo_line_to(cairo, half.x, half.y);
      return cairo_line_to(cairo, -half.x, half.y);
    case Shape::Star:
      return star_path(cairo);
    case Shape::Cross:
      return cross_path(cairo);
    case Shape::Ring:
      cairo_arc(cairo, 0, 0, 1, 0, 2 * std::numbers::pi);
      cairo_new_sub_path(cairo);
      return cairo_arc_negative(cairo, 0, 0, 0.55, 2 * std::numbers::pi, 0);
  }
}

void fill(cairo_t* cairo, const SceneObject& object, int size, const Rgb& rgb) {
  cairo_save(cairo);
  cairo_translate(cairo, object.x * size, object.y * size);
  cairo_scale(cairo, object.radius * size, object.radius * size);
  cairo_new_path(cairo);
  shape_path(cairo, object.shape);
  cairo_close_path(cairo);
  cairo_set_source_rgb(cairo, rgb.r / 255.0, rgb.g / 255.0, rgb.b / 255.0);
  cairo_fill(cairo);
  cairo_restore(cairo);
}

}  // namespace

Image draw_scene(const Scene& scene, int size) {
  Canvas canvas(size, size);
  cairo_t* cairo = canvas.context();
  const Rgb& rgb = scene.background_rgb;
  cairo_set_source_rgb(cairo, rgb.r / 255.0, rgb.g / 255.0, rgb.b / 255.0);
  cairo_paint(cairo);
  for (const SceneObject& object : scene.objects) fill(cairo, object, size, object.rgb);
  return canvas.image();
}

LabelMap draw_label_map(const Scene& scene, int size) {
  LabelMap map{size, std::vector<std::uint8_t>(std::size_t(size) * size, 0)};
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    Canvas canvas(size, size);
    fill(canvas.context(), scene.objects[i], size, {0, 0, 0});  // black on white: the coverage
    const Image coverage = canvas.image();
    for (std::size_t p = 0; p < map.labels.size(); ++p) {
      if (coverage.rgb[3 * p] < 128) map.labels[p] = static_cast<std::uint8_t>(i + 1);
    }
  }
  return map;
}

}  // namespace sfumato::scenes
