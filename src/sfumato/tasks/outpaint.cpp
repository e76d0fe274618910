#include "sfumato/tasks/outpaint.h"

#include <utility>

#include "sfumato/image/outpaint.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/image_to_image.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

/// The picture within the painting.
struct Extension {
  Margins asked;
  Margins painted;  ///< so that the painting has sides that the family can paint
  Rect result;      ///< of the painting: what was asked for
};

Extension extension_of(const Image& picture, const OutpaintSettings& settings, int multiple) {
  Extension e;
  e.asked = {settings.left, settings.right, settings.up, settings.down};
  e.painted = rounded_margins(e.asked, picture.width, picture.height, multiple);
  const int left = e.painted.left - e.asked.left, top = e.painted.up - e.asked.up;
  e.result = {.left = left,
              .top = top,
              .right = left + e.asked.left + picture.width + e.asked.right,
              .bottom = top + e.asked.up + picture.height + e.asked.down};
  return e;
}

// Half of the overlap is new, over the other half old and new mix: the blur reaches 2.5 deviations.
InpaintRequest inpainting_of(const OutpaintRequest& request) {
  InpaintRequest inpainting;
  static_cast<ImageToImageRequest&>(inpainting) = request;
  inpainting.resize = "stretch";
  inpainting.fill = "fill";
  inpainting.mask_blur = request.overlap / 5.0;
  return inpainting;
}

}  // namespace

OutpaintRequest with_defaults(OutpaintRequest request, const ModelConfig& config,
                              const Image& picture) {
  expect_channels(config, "outpaint", {ConcatKind::None, ConcatKind::MaskedLatent});
  if (config.unet) {
    const int multiple = size_multiple(config);
    const Margins margins = extension_of(picture, request, multiple).painted;
    request.width = nearest_multiple(picture.width + margins.left + margins.right, multiple);
    request.height = nearest_multiple(picture.height + margins.up + margins.down, multiple);
  }
  fill_in_open_fields(request, config);
  return request;
}

OutpaintResult outpaint(const Model& model, const Image& picture, const OutpaintRequest& asked,
                        const Observer& observer, const PromptSources& sources) {
  OutpaintResult result;
  result.request = with_defaults(asked, model.config, picture);
  const OutpaintRequest& request = result.request;
  const Extension extension = extension_of(picture, request, size_multiple(model.config));
  const Image canvas = extended(picture, extension.painted);
  const Mask mask =
      extension_mask(picture.width, picture.height, extension.painted, request.overlap / 2);

  Observer cutting = observer;
  cutting.on_image = [&](const Image& image, std::uint64_t seed, int index) {
    observer.on_image(cropped(image, extension.result), seed, index);
  };
  static_cast<Painted&>(result) =
      inpaint(model, canvas, mask, inpainting_of(request), cutting, sources);
  for (auto& image : result.images) image = cropped(image, extension.result);
  return result;
}

}  // namespace sfumato
