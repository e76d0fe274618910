#include "sfumato/training/caption_layout.h"

#include <ATen/ATen.h>

#include <string>

namespace sfumato {
namespace {

constexpr int kBlocks = 2;
constexpr double kCellDeviation = 0.5;
// A picture of one colour has nothing to explain. Half of the square of one level of 8 bits.
constexpr double kFaintest = 3e-5;

}  // namespace

CaptionLayoutImpl::CaptionLayoutImpl(std::int64_t side, std::int64_t width, std::int64_t heads)
    : side_(side) {
  cells_ =
      register_parameter("cells", nn::normal_parameter({1, side * side, width}, kCellDeviation));
  const nn::SpatialTransformerConfig config{.channels = width,
                                            .heads = heads,
                                            .head_width = width / heads,
                                            .context_width = width,
                                            .self_attention = false};
  for (int i = 0; i < kBlocks; ++i) {
    blocks_.push_back(register_module("blocks_" + std::to_string(i), nn::TransformerBlock(config)));
  }
  colour_ = register_module("colour", nn::Linear(width, 3));
}

at::Tensor CaptionLayoutImpl::forward(const at::Tensor& context) {
  const std::int64_t count = context.size(0);
  at::Tensor x = cells_.expand({count, -1, -1});
  for (auto& block : blocks_) x = block(x, context);
  return colour_(x).transpose(1, 2).reshape({count, 3, side_, side_});
}

at::Tensor layout_of(const at::Tensor& pictures, std::int64_t side) {
  const at::Tensor coarse = at::adaptive_avg_pool2d(pictures, {side, side});
  return coarse - coarse.mean({2, 3}, /*keepdim=*/true);
}

at::Tensor unexplained_share(const at::Tensor& found, const at::Tensor& wanted) {
  return (found - wanted).square().mean() / wanted.square().mean().clamp_min(kFaintest);
}

}  // namespace sfumato
