#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/image/image.h"

namespace sfumato {

/// The estimates of one picture's clean latents [1, C, h, w] over the steps, as pictures of one
/// size. Each is decoded in full, or seen through the linear map from latents to colours that fits
/// the decoded last one best, which costs next to nothing. A tiny decoder always decodes.
std::vector<Image> film_frames(const Model& model, std::span<const at::Tensor> estimates,
                               bool decode);

}  // namespace sfumato
