#include "sfumato/image/canvas.h"

#include <cairo.h>

#include <string>

#include "sfumato/base/error.h"

namespace sfumato {

Canvas::Canvas(int width, int height)
    : width_(width),
      height_(height),
      surface_(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)),
      context_(cairo_create(surface_)) {
  if (cairo_status(context_) != CAIRO_STATUS_SUCCESS) {
    const std::string reason = cairo_status_to_string(cairo_status(context_));
    cairo_destroy(context_);
    cairo_surface_destroy(surface_);
    throw Error(ErrorKind::OutOfMemory, "cannot draw a picture of " + std::to_string(width) +
                                            " x " + std::to_string(height) + " pixels: " + reason);
  }
  cairo_set_source_rgb(context_, 1, 1, 1);
  cairo_paint(context_);
}

Canvas::~Canvas() {
  cairo_destroy(context_);
  cairo_surface_destroy(surface_);
}

void Canvas::paste(const Image& image, int left, int top) {
  cairo_surface_flush(surface_);
  unsigned char* const data = cairo_image_surface_get_data(surface_);
  const int stride = cairo_image_surface_get_stride(surface_);
  for (int y = 0; y < image.height; ++y) {
    if (top + y < 0 || top + y >= height_) continue;
    auto* row = reinterpret_cast<std::uint32_t*>(data + std::size_t(top + y) * stride);
    for (int x = 0; x < image.width; ++x) {
      if (left + x < 0 || left + x >= width_) continue;
      const std::uint8_t* p = image.pixel(x, y);
      row[left + x] = std::uint32_t(p[0]) << 16 | std::uint32_t(p[1]) << 8 | p[2];
    }
  }
  cairo_surface_mark_dirty(surface_);
}

Image Canvas::image() const {
  cairo_surface_flush(surface_);
  const unsigned char* const data = cairo_image_surface_get_data(surface_);
  const int stride = cairo_image_surface_get_stride(surface_);
  Image image(width_, height_);
  for (int y = 0; y < height_; ++y) {
    const auto* row = reinterpret_cast<const std::uint32_t*>(data + std::size_t(y) * stride);
    for (int x = 0; x < width_; ++x) {
      std::uint8_t* p = image.pixel(x, y);
      p[0] = static_cast<std::uint8_t>(row[x] >> 16);
      p[1] = static_cast<std::uint8_t>(row[x] >> 8);
      p[2] = static_cast<std::uint8_t>(row[x]);
    }
  }
  return image;
}

}  // namespace sfumato
