#pragma once

#include "sfumato/image/image.h"

typedef struct _cairo cairo_t;
typedef struct _cairo_surface cairo_surface_t;

namespace sfumato {

/// A Cairo drawing surface of width x height opaque white pixels; image() is what was drawn so far.
class Canvas {
 public:
  Canvas(int width, int height);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  cairo_t* context() { return context_; }
  /// Copies `image` with its upper left corner at (x, y); parts outside the canvas are cut off.
  void paste(const Image& image, int x, int y);
  Image image() const;

 private:
  int width_, height_;
  cairo_surface_t* surface_;
  cairo_t* context_;
};

}  // namespace sfumato
