#pragma once

#include <cstdint>
#include <string>

#include "sfumato/base/random.h"
#include "sfumato/data/scenes/holdout.h"
#include "sfumato/data/scenes/scene.h"

namespace sfumato::scenes {

struct SceneOptions {
  int objects = 0;  ///< 1 to 3; 0: 40 % one, 45 % two, 15 % three (HeldOut: always two)
  Split split = Split::Train;
};

/// Draws colours, shapes, sizes and places. Objects lie inside the picture at least 3/64 of its
/// side apart; every stated relation is unambiguous (offset along its axis >= 1.5 times the other,
/// boxes apart along it). Scenes of two and three objects state at least one relation.
Scene random_scene(Random& random, const SceneOptions& options);

struct CaptionedScene {
  Scene scene;
  std::string caption;
};

/// Scene number `index` of the endless data set (seed, options); independent of all others.
CaptionedScene captioned_scene(std::uint64_t seed, std::uint64_t index,
                               const SceneOptions& options);

}  // namespace sfumato::scenes
