#pragma once

#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/training/recipe.h"

namespace sfumato {

/// One picture per prompt of the recipe, captioned; the same seeds at every call.
Image sample_grid(const Model& model, const DenoiserRecipe& recipe);

}  // namespace sfumato
