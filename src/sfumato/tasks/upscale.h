#pragma once

#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct UpscaleResult : Painted {
  UpscaleRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults; width and height become those of the result. Throws Unsupported
/// when the family cannot do what `method` says, InvalidArgument for tiles that do not fit it.
UpscaleRequest with_defaults(UpscaleRequest request, const ModelConfig& config,
                             const Image& picture);

/// The methods without a model, "lanczos" and "bicubic". Throws InvalidArgument for a result above
/// 2^28 pixels.
Image resampled(const Image& picture, const UpscaleRequest& request);

/// The methods with a model.
///   x4     a latent model sees the picture, with noise of a level that it is told of, beside the
///          latent of the enlarged one, which is as wide and high (Rombach et al. 2022, sec. 4.4;
///          Stability-AI/stablediffusion, LatentUpscaleDiffusion)
///   tiles  the picture resampled, then painted over tile by tile (A1111, scripts/sd_upscale.py)
/// Tile i has the noise of the seed plus i; where tiles overlap they mix. The seed must be set.
UpscaleResult upscale(const Model& model, const Image& picture, const UpscaleRequest& request,
                      const Observer& observer = {}, const PromptSources& sources = {});

}  // namespace sfumato
