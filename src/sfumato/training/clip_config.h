#pragma once

#include "sfumato/family/model_config.h"
#include "sfumato/models/clip.h"
#include "sfumato/training/recipe.h"

namespace sfumato {

/// The family's text tower; throws Unsupported unless it is one that can be trained: a single
/// encoder of kind open_clip with a tokenizer file.
const TextEncoderConfig& text_tower(const ModelConfig& family);

/// Both towers of a clip run: the text tower is the family's, the image tower the recipe's.
ClipConfig clip_config(const Recipe& recipe, const ModelConfig& family);

}  // namespace sfumato
