#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato {

/// The codebook of VQ-reg (LDM sec. 3.1; van den Oord et al. 2017): every latent vector becomes its
/// nearest entry by Euclidean distance. Name below `quantize.`: embedding.weight.
class VectorQuantizerImpl : public torch::nn::Module {
 public:
  VectorQuantizerImpl(int64_t entries, int64_t width);

  struct Quantized {
    at::Tensor z_q;      ///< [B, C, H, W] nearest entries; the gradient passes straight to z
    at::Tensor entries;  ///< [B, C, H, W] the same with the gradient going to the codebook
    at::Tensor indices;  ///< [B, H, W]    int64
  };
  /// z [B, C, H, W] with C = width.
  Quantized forward(const at::Tensor& z);

  /// indices [B, H, W] -> entries [B, C, H, W].
  at::Tensor lookup(const at::Tensor& indices);

 private:
  nn::Embedding embedding_{nullptr};
};
TORCH_MODULE(VectorQuantizer);

/// A codebook of which only some entries occur, numbered anew without the others (`remap` of the
/// taming-transformers; what a model over code indices predicts).
struct CodebookSubset {
  at::Tensor used;  ///< [N] int64, the entries that occur
  int64_t unknown;  ///< number for all other entries; N is one of its own

  /// Entries -> numbers among `used`, any shape.
  at::Tensor compact(const at::Tensor& indices) const;
  /// Numbers -> entries; a number beyond `used` becomes its first entry.
  at::Tensor expand(const at::Tensor& numbers) const;
};

}  // namespace sfumato
