#pragma once

#include "sfumato/family/model.h"
#include "sfumato/image/mask.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct DepthResult : Painted {
  DepthRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults, and for the size that of the picture, rounded to what the family
/// can paint. Throws InvalidArgument or Unsupported.
DepthRequest with_defaults(DepthRequest request, const ModelConfig& config, const Image& picture);

/// A picture painted over by a model that sees how far away everything is (SD 2 depth). `depth` has
/// any size and shows what the picture shows: 255 = near. The seed must be set; the paths in the
/// request do not count.
DepthResult depth_to_image(const Model& model, const Image& picture, const Mask& depth,
                           const DepthRequest& request, const Observer& observer = {},
                           const PromptSources& sources = {});

}  // namespace sfumato
