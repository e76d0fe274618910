#pragma once

#include "sfumato/family/model.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct EditResult : Painted {
  EditRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults, and for the size that of the picture, rounded to what the family
/// can paint. Throws InvalidArgument or Unsupported.
EditRequest with_defaults(EditRequest request, const ModelConfig& config, const Image& picture);

/// A picture changed as the prompt says, by a model that sees the picture while it paints
/// (InstructPix2Pix, Brooks et al. 2023). The seed must be set; the path in the request does not
/// count.
EditResult edit(const Model& model, const Image& picture, const EditRequest& request,
                const Observer& observer = {}, const PromptSources& sources = {});

}  // namespace sfumato
