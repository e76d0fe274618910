#include "sfumato/training/contrastive_loss.h"

#include <ATen/ATen.h>

#include "sfumato/models/clip.h"

namespace sfumato {

at::Tensor contrastive_loss(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& logit_scale, const at::Tensor& wrong_texts) {
  const std::int64_t count = text_features.size(0);
  const at::Tensor texts =
      wrong_texts.defined() ? at::cat({text_features, wrong_texts}) : text_features;
  const at::Tensor of_images = clip_logits(image_features, texts, logit_scale);
  const at::Tensor of_texts = of_images.slice(1, 0, count).t();
  const at::Tensor own = at::arange(count, of_images.options().dtype(at::kLong));
  return (at::cross_entropy_loss(of_images, own) + at::cross_entropy_loss(of_texts, own)) / 2;
}

}  // namespace sfumato
