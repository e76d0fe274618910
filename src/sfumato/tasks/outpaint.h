#pragma once

#include "sfumato/family/model.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct OutpaintResult : Painted {
  OutpaintRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults and the size of the painting: the picture and what is added,
/// rounded up to what the family can paint. Throws InvalidArgument or Unsupported.
OutpaintRequest with_defaults(OutpaintRequest request, const ModelConfig& config,
                              const Image& picture);

/// A picture continued beyond its edges. What is given back is larger by exactly the pixels asked
/// for; what lies further than `overlap` inside the old edges stays byte for byte. Works with every
/// text-to-image model, and better with those that see the mask. The seed must be set; the path in
/// the request does not count.
OutpaintResult outpaint(const Model& model, const Image& picture, const OutpaintRequest& request,
                        const Observer& observer = {}, const PromptSources& sources = {});

}  // namespace sfumato
