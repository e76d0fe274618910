#pragma once

#include <string>

#include "sfumato/base/random.h"
#include "sfumato/data/scenes/scene.h"

namespace sfumato::scenes {

/// One of many ways to say in plain lower-case English what the scene shows: always colour and
/// shape of every object and the scene's relations, sometimes sizes and background. At most 26
/// words and punctuation marks.
std::string caption(const Scene& scene, Random& random);

}  // namespace sfumato::scenes
