#include "sfumato/tasks/image_to_image.h"

#include <ATen/ATen.h>

#include <utility>

#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/paint_over.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

Beginning beginning_with(const Model& model, const InpaintPicture& picture,
                         const InpaintRequest& request, const Observer& observer) {
  Beginning beginning{.latent = starting_latent(model, picture.start, request, observer)};
  const Mask small = resample(picture.mask, static_cast<int>(beginning.latent.size(3)),
                              static_cast<int>(beginning.latent.size(2)), Filter::Bicubic);
  beginning.repaint = values_of(small).round().to(model.device);
  beginning.concat = inpainting_channels(model, pixels_of(picture.start), values_of(picture.mask),
                                         *request.width, *request.height, observer);
  if (request.fill.starts_with("latent")) {
    beginning.latent = beginning.latent * (1.0 - beginning.repaint);
  }
  beginning.noise_under_mask = request.fill == "latent-noise";
  return beginning;
}

}  // namespace

ImageToImageRequest with_defaults(ImageToImageRequest request, const ModelConfig& config,
                                  const Image& picture) {
  expect_channels(config, "img2img", {ConcatKind::None, ConcatKind::MaskedLatent});
  take_size_of(picture, request, config);
  fill_in_open_fields(request, config);
  return request;
}

InpaintRequest with_defaults(InpaintRequest request, const ModelConfig& config,
                             const Image& picture) {
  expect_channels(config, "inpaint", {ConcatKind::None, ConcatKind::MaskedLatent});
  if (!request.only_masked) take_size_of(picture, request, config);
  fill_in_open_fields(request, config);
  return request;
}

ImageToImageResult image_to_image(const Model& model, const Image& picture,
                                  const ImageToImageRequest& asked, const Observer& observer,
                                  const PromptSources& sources) {
  ImageToImageResult result;
  result.request = with_defaults(asked, model.config, picture);
  const ImageToImageRequest& request = result.request;
  static_cast<Painted&>(result) =
      paint_over({model, request, request, sources, observer}, request, [&] {
        const Image start = sized(picture, request, size_multiple(model.config));
        Beginning beginning{.latent = starting_latent(model, start, request, observer)};
        beginning.concat =
            inpainting_channels(model, {}, {}, *request.width, *request.height, observer);
        return beginning;
      });
  return result;
}

InpaintResult inpaint(const Model& model, const Image& picture, const Mask& mask,
                      const InpaintRequest& asked, const Observer& observer,
                      const PromptSources& sources) {
  InpaintResult result;
  result.request = with_defaults(asked, model.config, picture);
  const InpaintRequest& request = result.request;
  const InpaintPicture parts = inpaint_picture(picture, mask, request, size_multiple(model.config));
  static_cast<Painted&>(result) = paint_over(
      {model, request, request, sources, observer}, request,
      [&] { return beginning_with(model, parts, request, observer); },
      [&](const Image& painted) { return parts.finished(painted); });
  return result;
}

}  // namespace sfumato
