#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// The share of texts whose nearest image by cosine is their own, among the N given ("right one of
/// N"; Radford et al. 2021, sec. 3.1).
///   image_features, text_features  [N, E], row i of both belonging together
double text_to_image_retrieval(const at::Tensor& image_features, const at::Tensor& text_features);

/// The share of images that are nearer by cosine to their own text than to one that is wrong for
/// them; 0.5 by chance (Yuksekgonul et al. 2023, sec. 2).
///   image_features, text_features, wrong_text_features  [N, E]
double true_text_preference(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& wrong_text_features);

}  // namespace sfumato
