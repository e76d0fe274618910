#include "sfumato/models/class_embedder.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

ClassEmbedderImpl::ClassEmbedderImpl(int64_t classes, int64_t width) {
  embedding_ = register_module("embedding", nn::Embedding(classes, width));
}

at::Tensor ClassEmbedderImpl::forward(const at::Tensor& labels) {
  expect_shape(labels, {-1}, "class labels");
  const int64_t classes = embedding_->weight.size(0);
  if (labels.is_cpu() && labels.numel() > 0) {
    const int64_t lowest = labels.min().item<int64_t>(), highest = labels.max().item<int64_t>();
    if (lowest < 0 || highest >= classes) {
      throw Error(ErrorKind::InvalidArgument,
                  "class label " + std::to_string(lowest < 0 ? lowest : highest) +
                      " does not exist, the model has " + std::to_string(classes) + " classes");
    }
  }
  return embedding_(labels).unsqueeze(1);
}

}  // namespace sfumato
