#include "sfumato/metrics/clip_retrieval.h"

#include <ATen/ATen.h>

#include "sfumato/tensor/shape.h"

namespace sfumato {

double text_to_image_retrieval(const at::Tensor& image_features, const at::Tensor& text_features) {
  expect_shape(text_features, {image_features.size(0), image_features.size(1)}, "text features");
  // Scaling a text does not change which image is nearest to it, so only images are normalised.
  const at::Tensor images = image_features.to(at::kFloat);
  const at::Tensor similarity =
      at::matmul(text_features.to(at::kFloat), (images / images.norm(2, -1, true)).t());
  const at::Tensor own =
      at::arange(images.size(0), at::TensorOptions(images.device()).dtype(at::kLong));
  return similarity.argmax(1).eq(own).to(at::kDouble).mean().item<double>();
}

}  // namespace sfumato
