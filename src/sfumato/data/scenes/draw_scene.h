#pragma once

#include <cstdint>
#include <vector>

#include "sfumato/data/scenes/scene.h"
#include "sfumato/image/image.h"

namespace sfumato::scenes {

/// The scene as a picture of size x size pixels, anti-aliased.
Image draw_scene(const Scene& scene, int size);

/// Which object each pixel shows: [size, size] rows top to bottom; 0 is the background, i + 1 is
/// objects[i] where it covers at least half of the pixel.
struct LabelMap {
  int size = 0;
  std::vector<std::uint8_t> labels;

  std::uint8_t at(int x, int y) const { return labels[std::size_t(y) * size + x]; }
};
LabelMap draw_label_map(const Scene& scene, int size);

}  // namespace sfumato::scenes
