#include "sfumato/nn/resnet_block.h"

#include <ATen/ATen.h>

#include "sfumato/nn/strips.h"

namespace sfumato::nn {

ResnetBlockImpl::ResnetBlockImpl(int64_t in, int64_t out, int64_t groups) {
  norm1_ = register_module("norm1", GroupNorm(groups, in, 1e-6));
  conv1_ = register_module("conv1", Conv2d(in, out, 3));
  norm2_ = register_module("norm2", GroupNorm(groups, out, 1e-6));
  conv2_ = register_module("conv2", Conv2d(out, out, 3));
  if (in != out) shortcut_ = register_module("nin_shortcut", Conv2d(in, out, 1));
}

at::Tensor ResnetBlockImpl::forward(const at::Tensor& x) {
  if (in_strips()) return forward_in_strips(x);
  at::Tensor h = norm1_->silu(x);  // each map is let go of before the next but one is made
  h = conv1_(h);
  h = norm2_->silu(h);
  return conv2_(h, shortcut_ ? shortcut_(x) : x);
}

// The second norm needs the first half of the block, which is computed twice.
at::Tensor ResnetBlockImpl::forward_in_strips(const at::Tensor& x) {
  GroupMoments moments1, moments2;
  see_strips(
      x, {.halo = 0}, [](const at::Tensor& strip) { return strip; },
      [&](const at::Tensor& strip) { norm1_->add_to(moments1, strip); });
  const auto first_half = [&](const at::Tensor& strip) {
    return conv1_(norm1_->silu(strip, moments1));
  };
  see_strips(x, {.halo = 1}, first_half,
             [&](const at::Tensor& strip) { norm2_->add_to(moments2, strip); });
  return run_in_strips(x, {.halo = 2}, [&](const at::Tensor& strip) {
    const at::Tensor h = conv2_(norm2_->silu(first_half(strip), moments2));
    return h + (shortcut_ ? shortcut_(strip) : strip);
  });
}

}  // namespace sfumato::nn
