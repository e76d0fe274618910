#pragma once

#include <string>
#include <string_view>

#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/data/scenes/scene.h"

namespace sfumato::scenes {

/// All that is known of a drawn scene, on one line of JSON:
///   caption, size (pixels), background, background_rgb,
///   objects    [{colour, shape, size: "small" | "large", rgb, centre [x, y], radius (fractions of
///              the side), box [left, top, right, bottom] (pixels, right and bottom exclusive)}]
///   relations  [[a, "left of", b]]   indices into objects
///   label_map  [label, run, label, run, ...] over the rows; 0 background, i + 1 objects[i]
std::string scene_to_json(const Scene& scene, int size, const std::string& caption);

/// The inverse. Throw Corrupt naming `name` and the field.
Scene scene_from_json(std::string_view json, const std::string& name);
LabelMap label_map_from_json(std::string_view json, const std::string& name);

}  // namespace sfumato::scenes
