#pragma once

#include "sfumato/data/scenes/segment.h"

namespace sfumato::scenes {

struct ShapeReading {
  Shape shape = Shape::Circle;
  /// How far the outline is from the ideal one: root mean square difference of the two radial
  /// profiles, as a fraction of the shape's radius. About 0.03 for drawn shapes.
  double misfit = 0.0;
};

/// Names the shape of a region by its outline: the distance of the edge from the centroid in every
/// direction, compared with that of the ideal upright shapes. What has a hole is a ring.
ShapeReading classify_shape(const Region& region);

}  // namespace sfumato::scenes
