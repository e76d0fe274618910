#pragma once

#include "sfumato/family/model_config.h"
#include "sfumato/models/clip.h"
#include "sfumato/training/recipe.h"

namespace sfumato {

/// Both towers of a clip run: the text tower is the family's, the image tower the recipe's.
ClipConfig clip_config(const Recipe& recipe, const ModelConfig& family);

}  // namespace sfumato
