#include "sfumato/training/contrastive_loss.h"

#include <ATen/ATen.h>

#include "sfumato/models/clip.h"

namespace sfumato {

at::Tensor contrastive_loss(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& logit_scale) {
  const at::Tensor logits = clip_logits(image_features, text_features, logit_scale);
  const at::Tensor own = at::arange(logits.size(0), logits.options().dtype(at::kLong));
  return (at::cross_entropy_loss(logits, own) + at::cross_entropy_loss(logits.t(), own)) / 2;
}

}  // namespace sfumato
