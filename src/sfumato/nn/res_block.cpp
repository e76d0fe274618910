#include "sfumato/nn/res_block.h"

#include <ATen/ATen.h>

#include "sfumato/nn/register_path.h"
#include "sfumato/nn/resample.h"

namespace sfumato::nn {

ResBlockImpl::ResBlockImpl(const ResBlockConfig& c)
    : resample_(c.resample), scale_shift_norm_(c.scale_shift_norm) {
  const int64_t emb_out = c.scale_shift_norm ? 2 * c.out_channels : c.out_channels;
  in_norm_ = register_path(*this, "in_layers.0", GroupNorm(c.groups, c.in_channels, 1e-5));
  in_conv_ = register_path(*this, "in_layers.2", Conv2d(c.in_channels, c.out_channels, 3));
  emb_proj_ = register_path(*this, "emb_layers.1", Linear(c.emb_channels, emb_out));
  out_norm_ = register_path(*this, "out_layers.0", GroupNorm(c.groups, c.out_channels, 1e-5));
  out_conv_ =
      register_path(*this, "out_layers.3", zeroed(Conv2d(c.out_channels, c.out_channels, 3)));
  if (c.in_channels != c.out_channels) {
    skip_ = register_module("skip_connection", Conv2d(c.in_channels, c.out_channels, 1));
  }
}

at::Tensor ResBlockImpl::resample(const at::Tensor& x) const {
  switch (resample_) {
    case ResBlockConfig::Resample::Up:
      return upsample_nearest(x);
    case ResBlockConfig::Resample::Down:
      return at::avg_pool2d(x, 2);
    case ResBlockConfig::Resample::None:
      break;
  }
  return x;
}

at::Tensor ResBlockImpl::forward(const at::Tensor& x, const at::Tensor& emb) {
  at::Tensor h = in_conv_(resample(in_norm_->silu(x)));
  const at::Tensor e = emb_proj_(at::silu(emb)).unsqueeze(-1).unsqueeze(-1);  // [B, C, 1, 1]
  if (scale_shift_norm_) {
    const auto halves = e.chunk(2, 1);
    h = at::silu(out_norm_(h) * (1 + halves[0]) + halves[1]);
  } else {
    h = out_norm_->silu(h + e);
  }
  const at::Tensor residual = resample(x);
  return out_conv_(h, skip_ ? skip_(residual) : residual);
}

}  // namespace sfumato::nn
