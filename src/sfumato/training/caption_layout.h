#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "sfumato/nn/spatial_transformer.h"

namespace sfumato {

/// What the picture of a caption looks like on average, read off the tokens of its text encoder:
/// each cell of a coarse picture asks the tokens what is there. Training it teaches the text
/// encoder to say in its tokens where things are, which neither CLIP's contrast nor the noise
/// prediction does soon: batches seldom hold two captions that differ in nothing but "left" and
/// "right", and noise hides the little that a place explains.
class CaptionLayoutImpl : public torch::nn::Module {
 public:
  /// Cells side x side; tokens of that width.
  CaptionLayoutImpl(std::int64_t side, std::int64_t width, std::int64_t heads);
  /// context [B, T, width] -> [B, 3, side, side]
  at::Tensor forward(const at::Tensor& context);

 private:
  std::int64_t side_;
  at::Tensor cells_;
  std::vector<nn::TransformerBlock> blocks_;
  nn::Linear colour_{nullptr};
};
TORCH_MODULE(CaptionLayout);

/// The pictures [B, 3, S, S] as [B, 3, side, side], without the mean colour of each: captions
/// seldom name the background, whose colour would outweigh everything else.
at::Tensor layout_of(const at::Tensor& pictures, std::int64_t side);

/// The mean squared error as a share of what guessing zero gives; finite, where all pictures are of
/// one colour, too.
at::Tensor unexplained_share(const at::Tensor& found, const at::Tensor& wanted);

}  // namespace sfumato
