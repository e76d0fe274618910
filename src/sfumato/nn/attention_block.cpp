#include "sfumato/nn/attention_block.h"

#include <ATen/ATen.h>

#include "sfumato/nn/strips.h"
#include "sfumato/ops/attention/attention.h"

namespace sfumato::nn {
namespace {

at::Tensor to_tokens(const at::Tensor& x) { return x.flatten(2).transpose(1, 2); }

}  // namespace

AttentionBlockImpl::AttentionBlockImpl(int64_t channels, int64_t heads, bool new_order,
                                       int64_t groups)
    : heads_(heads), new_order_(new_order) {
  norm_ = register_module("norm", GroupNorm(groups, channels, 1e-5));
  qkv_ = register_module("qkv", PointwiseConv1d(channels, 3 * channels));
  proj_out_ = register_module("proj_out", zeroed(PointwiseConv1d(channels, channels)));
}

at::Tensor AttentionBlockImpl::forward(const at::Tensor& x) {
  const at::Tensor tokens = to_tokens(norm_(x));  // [B, T, C]
  const at::Tensor qkv = new_order_ ? qkv_(tokens).unflatten(-1, {3, heads_, -1}).transpose(2, 3)
                                    : qkv_(tokens).unflatten(-1, {heads_, 3, -1});
  const auto parts = qkv.permute({3, 0, 2, 1, 4}).unbind(0);  // each [B, H, T, D]
  const at::Tensor h = ops::attention(parts[0], parts[1], parts[2]).transpose(1, 2).flatten(2);
  return x + proj_out_(h).transpose(1, 2).reshape(x.sizes());
}

SingleHeadAttentionBlockImpl::SingleHeadAttentionBlockImpl(int64_t channels, int64_t groups) {
  norm_ = register_module("norm", GroupNorm(groups, channels, 1e-6));
  q_ = register_module("q", Conv2d(channels, channels, 1));
  k_ = register_module("k", Conv2d(channels, channels, 1));
  v_ = register_module("v", Conv2d(channels, channels, 1));
  proj_out_ = register_module("proj_out", Conv2d(channels, channels, 1));
}

at::Tensor SingleHeadAttentionBlockImpl::forward(const at::Tensor& input) {
  const at::Tensor x = for_whole_layer(input);
  const at::Tensor normed = norm_(x);
  const at::Tensor h = ops::multi_head_attention(to_tokens(q_(normed)), to_tokens(k_(normed)),
                                                 to_tokens(v_(normed)), /*heads=*/1);  // [B, T, C]
  return proj_out_(h.transpose(1, 2).reshape(x.sizes()), x);
}

}  // namespace sfumato::nn
