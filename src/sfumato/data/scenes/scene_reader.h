#pragma once

#include <vector>

#include "sfumato/data/scenes/scene.h"
#include "sfumato/image/image.h"

namespace sfumato::scenes {

/// An object found in a picture. Lengths in pixels.
struct SeenObject {
  Colour colour;
  Shape shape;
  double left, top, right, bottom;  ///< its bounding box
  double misfit;                    ///< see ShapeReading

  double x() const { return 0.5 * (left + right); }
  double y() const { return 0.5 * (top + bottom); }
};

struct SeenScene {
  Colour background;
  std::vector<SeenObject> objects;  ///< largest first
};

/// Says what a picture shows from its pixels alone: segmentation by colour, then the outline's
/// shape. Knows the palette and the six shapes, nothing of how scenes are drawn at random.
SeenScene read_scene(const Image& image);

/// Whether "a RELATION b" is a fair description: the centres' offset along the relation's axis has
/// its direction and is not the smaller one.
bool relation_holds(const SeenObject& a, Relation relation, const SeenObject& b);

struct SceneCheck {
  bool objects_right = false;    ///< exactly the described objects: colour and shape, none else
  bool relations_right = false;  ///< every stated relation holds between the objects it names
  bool right() const { return objects_right && relations_right; }
};

/// Compares what a picture shows with what it should show. A shape too deformed to be called one
/// (misfit above kMostMisfit) counts as wrong.
SceneCheck check_scene(const SeenScene& seen, const SceneDescription& expected);
SceneCheck check_scene(const Image& image, const SceneDescription& expected);

inline constexpr double kMostMisfit = 0.12;

}  // namespace sfumato::scenes
