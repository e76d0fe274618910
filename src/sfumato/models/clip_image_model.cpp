#include "sfumato/models/clip_image_model.h"

#include <ATen/ATen.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

ClipImageModelImpl::ClipImageModelImpl(const ClipImageConfig& c) : config_(c) {
  if (c.patch_size <= 0 || c.image_size < c.patch_size) {
    throw Error(ErrorKind::InvalidArgument,
                "CLIP image model: no patch of " + std::to_string(c.patch_size) +
                    " pixels fits into " + std::to_string(c.image_size));
  }
  const int64_t side = c.image_size / c.patch_size;
  const double std = 1.0 / std::sqrt(double(c.width));
  class_embedding_ = register_parameter("class_embedding", nn::normal_parameter({c.width}, std));
  positional_embedding_ = register_parameter("positional_embedding",
                                             nn::normal_parameter({side * side + 1, c.width}, std));
  proj_ = register_parameter("proj", nn::normal_parameter({c.width, c.projection}, std));
  conv1_ = register_module(
      "conv1",
      nn::Conv2d(3, c.width, c.patch_size,
                 nn::Conv2dImpl::Options{.stride = c.patch_size, .padding = 0, .bias = false}));
  ln_pre_ = register_module("ln_pre", nn::LayerNorm(c.width));
  transformer_ =
      register_module("transformer", nn::ClipTransformer(nn::ClipTransformerConfig{
                                         .width = c.width,
                                         .layers = c.layers,
                                         .heads = c.heads,
                                         .mlp_width = c.mlp_ratio * c.width,
                                         .activation = nn::parse_activation(c.activation)}));
  ln_post_ = register_module("ln_post", nn::LayerNorm(c.width));
}

at::Tensor ClipImageModelImpl::features(const at::Tensor& pixels) {
  expect_shape(pixels, {-1, 3, config_.image_size, config_.image_size}, "CLIP pixels");
  const at::Tensor patches = conv1_(pixels).flatten(2).transpose(1, 2);  // [B, patches, width]
  const at::Tensor cls =
      class_embedding_.to(patches.scalar_type()).expand({pixels.size(0), 1, config_.width});
  const at::Tensor x = at::cat({cls, patches}, 1) + positional_embedding_;
  return ln_post_(transformer_(ln_pre_(x)).last.select(1, 0));
}

at::Tensor ClipImageModelImpl::project(const at::Tensor& features) {
  return at::matmul(features, proj_);
}

at::Tensor ClipImageModelImpl::forward(const at::Tensor& pixels) {
  return project(features(pixels));
}

}  // namespace sfumato
