#include "sfumato/nn/spatial_transformer.h"

#include <ATen/ATen.h>

#include <string>

#include "sfumato/nn/register_path.h"
#include "sfumato/ops/attention/attention.h"
#include "sfumato/ops/geglu/geglu.h"

namespace sfumato::nn {

CrossAttentionImpl::CrossAttentionImpl(int64_t query_width, int64_t context_width, int64_t heads,
                                       int64_t head_width)
    : heads_(heads) {
  const int64_t inner = heads * head_width;
  to_q_ = register_module("to_q", Linear(query_width, inner, false));
  to_k_ = register_module("to_k", Linear(context_width, inner, false));
  to_v_ = register_module("to_v", Linear(context_width, inner, false));
  to_out_ = register_path(*this, "to_out.0", Linear(inner, query_width));
}

at::Tensor CrossAttentionImpl::forward(const at::Tensor& x, const at::Tensor& context,
                                       const at::Tensor& residual) {
  return to_out_(ops::multi_head_attention(to_q_(x), to_k_(context), to_v_(context), heads_),
                 residual);
}

FeedForwardImpl::FeedForwardImpl(int64_t width) {
  in_ = register_path(*this, "net.0.proj", Linear(width, 8 * width));
  out_ = register_path(*this, "net.2", Linear(4 * width, width));
}

at::Tensor FeedForwardImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  return out_(ops::geglu(in_(x)), residual);
}

TransformerBlockImpl::TransformerBlockImpl(const SpatialTransformerConfig& c)
    : self_attention_(c.self_attention) {
  const int64_t width = c.heads * c.head_width;
  const int64_t first_context = c.self_attention ? width : c.context_width;
  attn1_ = register_module("attn1", CrossAttention(width, first_context, c.heads, c.head_width));
  ff_ = register_module("ff", FeedForward(width));
  attn2_ = register_module("attn2", CrossAttention(width, c.context_width, c.heads, c.head_width));
  norm1_ = register_module("norm1", LayerNorm(width));
  norm2_ = register_module("norm2", LayerNorm(width));
  norm3_ = register_module("norm3", LayerNorm(width));
}

at::Tensor TransformerBlockImpl::forward(at::Tensor x, const at::Tensor& context) {
  const at::Tensor normed = norm1_(x);
  x = attn1_(normed, self_attention_ ? normed : context, x);
  x = attn2_(norm2_(x), context, x);
  return ff_(norm3_(x), x);
}

SpatialTransformerImpl::SpatialTransformerImpl(const SpatialTransformerConfig& c) {
  const int64_t width = c.heads * c.head_width;
  norm_ = register_module("norm", GroupNorm(c.groups, c.channels, 1e-6));
  if (c.linear_projection) {
    linear_in_ = register_module("proj_in", Linear(c.channels, width));
    linear_out_ = register_module("proj_out", zeroed(Linear(width, c.channels)));
  } else {
    conv_in_ = register_module("proj_in", Conv2d(c.channels, width, 1));
    conv_out_ = register_module("proj_out", zeroed(Conv2d(width, c.channels, 1)));
  }
  for (int64_t i = 0; i < c.depth; ++i) {
    blocks_.push_back(
        register_path(*this, "transformer_blocks." + std::to_string(i), TransformerBlock(c)));
  }
}

at::Tensor SpatialTransformerImpl::forward(const at::Tensor& x, const at::Tensor& context) {
  at::Tensor h = norm_(x);
  if (conv_in_) h = conv_in_(h);
  h = h.flatten(2).transpose(1, 2);  // [B, C, H, W] -> [B, H*W, C]
  if (linear_in_) h = linear_in_(h);
  for (auto& block : blocks_) h = block(h, context);
  if (linear_out_) h = linear_out_(h);
  h = h.transpose(1, 2).reshape({x.size(0), -1, x.size(2), x.size(3)});
  return conv_out_ ? conv_out_(h, x) : x + h;
}

}  // namespace sfumato::nn
