#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato {

/// A class label as one cross-attention token (LDM sec. 4.3.1, class-conditional ImageNet). By
/// convention the highest class is the unconditional one. Name: embedding.weight.
class ClassEmbedderImpl : public torch::nn::Module {
 public:
  ClassEmbedderImpl(int64_t classes, int64_t width);
  /// labels [B] int64 -> [B, 1, width]
  at::Tensor forward(const at::Tensor& labels);

 private:
  nn::Embedding embedding_{nullptr};
};
TORCH_MODULE(ClassEmbedder);

}  // namespace sfumato
