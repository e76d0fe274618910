#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// CLIP's symmetric objective (Radford et al. 2021, fig. 3): each image must find its own text
/// among the batch, and each text its image; the mean of both cross-entropies.
///   image_features, text_features  [N, E], not normalised
///   logit_scale                    [] log of the inverse temperature
at::Tensor contrastive_loss(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& logit_scale);

}  // namespace sfumato
