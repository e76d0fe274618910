#pragma once

#include <vector>

#include "sfumato/data/scenes/scene.h"
#include "sfumato/image/image.h"

namespace sfumato::scenes {

/// One object's pixels: a window of the picture with, per pixel, how much of it the object covers
/// (0 .. 1, from the mixture of object and background colour at anti-aliased edges). The window's
/// outermost pixels are empty.
struct Region {
  int left = 0, top = 0, width = 0, height = 0;  ///< the window, in pixels; may exceed the picture
  std::vector<float> cover;                      ///< [height, width]
  Rgb rgb;                                       ///< the median colour of its inner pixels

  float at(int x, int y) const { return cover[std::size_t(y) * width + x]; }
  double area() const;
};

struct Segmentation {
  Rgb background;
  std::vector<Region> regions;  ///< largest first
};

/// The palette colour nearest in RGB.
Colour nearest_colour(const Rgb& rgb);

/// Separates flat-coloured objects from the flat background, which is the prevailing colour of the
/// picture's border. Tolerates the noise and blur of a decoder; regions too small to be an object
/// of a scene are dropped.
Segmentation segment(const Image& image);

}  // namespace sfumato::scenes
