#pragma once

#include <torch/nn/module.h>

#include "sfumato/nn/layers.h"

namespace sfumato::nn {

/// The residual block of the autoencoders: norm1, conv1, norm2, conv2, nin_shortcut.
///   x [B, in, H, W] -> [B, out, H, W].  Source: LDM app. G; Esser et al. 2021 (VQGAN), tab. 7.
class ResnetBlockImpl : public torch::nn::Module {
 public:
  ResnetBlockImpl(int64_t in, int64_t out, int64_t groups);
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor forward_in_strips(const at::Tensor& x);

  GroupNorm norm1_{nullptr}, norm2_{nullptr};
  Conv2d conv1_{nullptr}, conv2_{nullptr}, shortcut_{nullptr};
};
TORCH_MODULE(ResnetBlock);

}  // namespace sfumato::nn
