#include "sfumato/nn/resample.h"

#include <ATen/ATen.h>

#include "sfumato/nn/strips.h"

namespace sfumato::nn {

UpsampleImpl::UpsampleImpl(int64_t channels, bool with_conv) {
  if (with_conv) conv_ = register_module("conv", Conv2d(channels, channels, 3));
}

at::Tensor UpsampleImpl::forward(const at::Tensor& x) {
  const auto whole = [this](const at::Tensor& part) {
    return conv_ ? conv_->upsampled(part) : upsample_nearest(part);
  };
  return in_strips() ? run_in_strips(x, {.halo = 1, .up = 2}, whole) : whole(x);
}

DownsampleImpl::DownsampleImpl(int64_t channels, bool with_conv) {
  if (!with_conv) return;
  op_ = register_module("op", Conv2d(channels, channels, 3, Conv2dImpl::Options{.stride = 2}));
}

at::Tensor DownsampleImpl::forward(const at::Tensor& x) {
  return op_ ? op_(x) : at::avg_pool2d(x, 2);
}

AsymmetricDownsampleImpl::AsymmetricDownsampleImpl(int64_t channels) {
  conv_ = register_module(
      "conv", Conv2d(channels, channels, 3, Conv2dImpl::Options{.stride = 2, .padding = 0}));
}

at::Tensor AsymmetricDownsampleImpl::forward(const at::Tensor& x) {
  const auto whole = [this](const at::Tensor& part) {
    return conv_(at::constant_pad_nd(part, {0, 1, 0, 1}));
  };
  if (!in_strips()) return whole(x);
  return run_in_strips(x, {.halo = 2, .down = 2, .wraps = false}, whole);
}

}  // namespace sfumato::nn
