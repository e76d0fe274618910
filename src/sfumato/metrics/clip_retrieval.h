#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// The share of texts whose nearest image by cosine is their own, among the N given ("right one of
/// N"; Radford et al. 2021, sec. 3.1).
///   image_features, text_features  [N, E], row i of both belonging together
double text_to_image_retrieval(const at::Tensor& image_features, const at::Tensor& text_features);

}  // namespace sfumato
