#pragma once

#include <span>

#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct VariationsResult : Painted {
  VariationsRequest request = {};  ///< with every default filled in
};

struct WeightedPicture {
  Image picture;
  double weight = 1.0;
};

/// Fills in the family's defaults. Throws Unsupported for a family that does not read pictures.
VariationsRequest with_defaults(VariationsRequest request, const ModelConfig& config);

/// Pictures like a picture, or like the weighted mean of several, as far as CLIP's embedding tells:
/// with noise of a level that the model is told of, it is the vector that a U-Net trained for it is
/// conditioned on (unCLIP, Ramesh et al. 2022, arXiv:2204.06125). Guidance keeps away from the
/// vector of zeros. The seed must be set; the paths in the request do not count. Throws
/// InvalidArgument when the weights sum up to 0. Source: Stability-AI/stablediffusion,
/// scripts/streamlit/stableunclip.py.
VariationsResult variations(const Model& model, std::span<const WeightedPicture> pictures,
                            const VariationsRequest& request, const Observer& observer = {},
                            const PromptSources& sources = {});

}  // namespace sfumato
