#include "sfumato/training/sample_grid.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "sfumato/image/draw.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {

Image sample_grid(const Model& model, const DenoiserRecipe& recipe) {
  TextToImageRequest request;
  request.steps = static_cast<int>(recipe.sample_steps);
  request.guidance = recipe.guidance;
  std::vector<std::uint64_t> seeds(recipe.prompts.size());
  std::iota(seeds.begin(), seeds.end(), 0);

  const auto images =
      to_images(paint(model, recipe.prompts, seeds, with_defaults(request, model.config)));
  unpack_weights(model);  // training goes on with them
  const int columns = static_cast<int>(std::min<std::size_t>(images.size(), 6));
  return grid(images, columns, 4, recipe.prompts);
}

}  // namespace sfumato
