#include "sfumato/training/contrastive_loss.h"

#include <ATen/ATen.h>

namespace sfumato {
namespace {

at::Tensor normalised(const at::Tensor& features) {
  const at::Tensor f = features.to(at::kFloat);
  return f / f.norm(2, -1, /*keepdim=*/true);
}

}  // namespace

at::Tensor clip_logits(const at::Tensor& image_features, const at::Tensor& text_features,
                       const at::Tensor& logit_scale) {
  return logit_scale.exp() *
         at::matmul(normalised(image_features), normalised(text_features).t()).to(at::kFloat);
}

at::Tensor contrastive_loss(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& logit_scale) {
  const at::Tensor logits = clip_logits(image_features, text_features, logit_scale);
  const at::Tensor own = at::arange(logits.size(0), logits.options().dtype(at::kLong));
  return (at::cross_entropy_loss(logits, own) + at::cross_entropy_loss(logits.t(), own)) / 2;
}

}  // namespace sfumato
