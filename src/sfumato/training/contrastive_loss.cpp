#include "sfumato/training/contrastive_loss.h"

#include <ATen/ATen.h>

#include "sfumato/models/clip.h"

namespace sfumato {

at::Tensor contrastive_loss(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& logit_scale) {
  const at::Tensor of_images = clip_logits(image_features, text_features, logit_scale);
  const at::Tensor own = at::arange(text_features.size(0), of_images.options().dtype(at::kLong));
  return (at::cross_entropy_loss(of_images, own) + at::cross_entropy_loss(of_images.t(), own)) / 2;
}

}  // namespace sfumato
