#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato::nn {

/// Doubles the size, then a 3x3 convolution (`conv`) unless `with_conv` is false.
class UpsampleImpl : public torch::nn::Module {
 public:
  UpsampleImpl(int64_t channels, bool with_conv);
  at::Tensor forward(const at::Tensor& x);

 private:
  Conv2d conv_{nullptr};
};
TORCH_MODULE(Upsample);

/// The U-Net's halving: a 3x3 convolution of stride 2 (`op`), or average pooling.
class DownsampleImpl : public torch::nn::Module {
 public:
  DownsampleImpl(int64_t channels, bool with_conv);
  at::Tensor forward(const at::Tensor& x);

 private:
  Conv2d op_{nullptr};
};
TORCH_MODULE(Downsample);

/// The autoencoder's halving: one zero column right and row below, then a 3x3 convolution of
/// stride 2 without padding (`conv`).
class AsymmetricDownsampleImpl : public torch::nn::Module {
 public:
  explicit AsymmetricDownsampleImpl(int64_t channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  Conv2d conv_{nullptr};
};
TORCH_MODULE(AsymmetricDownsample);

}  // namespace sfumato::nn
