#pragma once

#include "sfumato/family/model.h"
#include "sfumato/image/mask.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct ImageToImageResult : Painted {
  ImageToImageRequest request = {};  ///< with every default filled in
};

struct InpaintResult : Painted {
  InpaintRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults, and for the size that of the picture, rounded to what the family
/// can paint; with `only_masked` the family's own. Throws InvalidArgument or Unsupported.
ImageToImageRequest with_defaults(ImageToImageRequest request, const ModelConfig& config,
                                  const Image& picture);
InpaintRequest with_defaults(InpaintRequest request, const ModelConfig& config,
                             const Image& picture);

/// A picture painted over (SDEdit, Meng et al. 2021): noise of the level that the strength says is
/// put on its latent, and denoised. The seed must be set; the paths in the request do not count.
ImageToImageResult image_to_image(const Model& model, const Image& picture,
                                  const ImageToImageRequest& request, const Observer& observer = {},
                                  const PromptSources& sources = {});

/// The part of a picture under the mask painted anew; what lies outside the blurred mask stays byte
/// for byte. Works with every text-to-image model, and better with those that see the mask.
InpaintResult inpaint(const Model& model, const Image& picture, const Mask& mask,
                      const InpaintRequest& request, const Observer& observer = {},
                      const PromptSources& sources = {});

}  // namespace sfumato
