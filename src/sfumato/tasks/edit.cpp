#include "sfumato/tasks/edit.h"

#include <ATen/ATen.h>

#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/paint_over.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {

EditRequest with_defaults(EditRequest request, const ModelConfig& config, const Image& picture) {
  expect_channels(config, "edit", {ConcatKind::EditedImage});
  take_size_of(picture, request, config);
  fill_in_open_fields(request, config);
  return request;
}

EditResult edit(const Model& model, const Image& picture, const EditRequest& asked,
                const Observer& observer, const PromptSources& sources) {
  EditResult result;
  result.request = with_defaults(asked, model.config, picture);
  const EditRequest& request = result.request;
  static_cast<Painted&>(result) =
      paint_over({model, request, request, sources, observer}, request, [&] {
        const Image start = sized(picture, request, size_multiple(model.config));
        const at::Tensor latent = starting_latent(model, start, request, observer);
        return Beginning{.latent = request.strength < 1.0 ? latent : at::Tensor(),
                         .concat = edit_channels(model, latent),
                         .image_guidance = request.image_guidance};
      });
  return result;
}

}  // namespace sfumato
