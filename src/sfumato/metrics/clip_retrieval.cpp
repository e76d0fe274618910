#include "sfumato/metrics/clip_retrieval.h"

#include <ATen/ATen.h>

#include "sfumato/tensor/shape.h"

namespace sfumato {

namespace {

at::Tensor unit_length(const at::Tensor& features) {
  const at::Tensor f = features.to(at::kFloat);
  return f / f.norm(2, -1, /*keepdim=*/true);
}

double share(const at::Tensor& hits) { return hits.to(at::kDouble).mean().item<double>(); }

}  // namespace

double text_to_image_retrieval(const at::Tensor& image_features, const at::Tensor& text_features) {
  expect_shape(text_features, {image_features.size(0), image_features.size(1)}, "text features");
  // Scaling a text does not change which image is nearest to it, so only images are normalised.
  const at::Tensor images = unit_length(image_features);
  const at::Tensor similarity = at::matmul(text_features.to(at::kFloat), images.t());
  const at::Tensor own =
      at::arange(images.size(0), at::TensorOptions(images.device()).dtype(at::kLong));
  return share(similarity.argmax(1).eq(own));
}

double true_text_preference(const at::Tensor& image_features, const at::Tensor& text_features,
                            const at::Tensor& wrong_text_features) {
  expect_shape(text_features, {image_features.size(0), image_features.size(1)}, "text features");
  expect_shape(wrong_text_features, {image_features.size(0), image_features.size(1)},
               "wrong text features");
  const at::Tensor lead = unit_length(text_features) - unit_length(wrong_text_features);
  return share((image_features.to(at::kFloat) * lead).sum(1).gt(0));
}

}  // namespace sfumato
