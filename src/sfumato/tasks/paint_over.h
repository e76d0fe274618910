#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>

#include "sfumato/image/mask.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

// What the tasks that begin with a picture have in common.

/// What all pictures of a call begin with: batches of 1.
struct Beginning {
  at::Tensor latent = {};                           ///< [1, C, h, w]; undefined: noise alone
  at::Tensor repaint = {};                          ///< [1, 1, h, w] of 0 and 1; undefined: all
  std::optional<at::Tensor> concat = std::nullopt;  ///< [1, C', h, w], see concat_channels.h
  double image_guidance = 1.0;                      ///< see BatchRun
  bool noise_under_mask = false;  ///< the masked part begins with noise of each picture's own
};

/// The size of the picture, rounded to what the family can paint, unless the request has one.
void take_size_of(const Image& picture, TextToImageRequest& request, const ModelConfig& config);

/// A picture at the size of sized() as a latent [1, C, h, w] of the size of the request.
at::Tensor starting_latent(const Model& model, const Image& start,
                           const TextToImageRequest& request, const Observer& observer);

/// [1, 3, H, W] in [-1, 1]
at::Tensor pixels_of(const Image& picture);
/// [1, 1, H, W] in [0, 1]
at::Tensor values_of(const Mask& mask);

/// Paints over what `begin` gives, which is asked once, when the call is known to fit: noise of the
/// level that the strength says is put on it, and denoised (SDEdit, Meng et al. 2021). `finish`
/// makes of every painting the picture that is given back.
Painted paint_over(
    const PaintCall& call, const InitImage& init, const std::function<Beginning()>& begin,
    const std::function<Image(Image)>& finish = [](Image image) { return image; });

}  // namespace sfumato
