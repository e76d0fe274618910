#include "sfumato/nn/resnet_block.h"

#include <ATen/ATen.h>

namespace sfumato::nn {

ResnetBlockImpl::ResnetBlockImpl(int64_t in, int64_t out, int64_t groups) {
  norm1_ = register_module("norm1", GroupNorm(groups, in, 1e-6));
  conv1_ = register_module("conv1", Conv2d(in, out, 3));
  norm2_ = register_module("norm2", GroupNorm(groups, out, 1e-6));
  conv2_ = register_module("conv2", Conv2d(out, out, 3));
  if (in != out) shortcut_ = register_module("nin_shortcut", Conv2d(in, out, 1));
}

at::Tensor ResnetBlockImpl::forward(const at::Tensor& x) {
  const at::Tensor h = conv2_(norm2_->silu(conv1_(norm1_->silu(x))));
  return h + (shortcut_ ? shortcut_(x) : x);
}

}  // namespace sfumato::nn
