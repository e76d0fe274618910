#include "sfumato/nn/clip_block.h"

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/nn/register_path.h"
#include "sfumato/ops/attention/attention.h"

namespace sfumato::nn {
namespace {

void check(const ClipTransformerConfig& c) {
  if (c.width <= 0 || c.heads <= 0 || c.width % c.heads != 0 || c.layers <= 0 || c.mlp_width <= 0) {
    throw Error(ErrorKind::InvalidArgument,
                "CLIP transformer: width " + std::to_string(c.width) + " with " +
                    std::to_string(c.heads) + " heads and " + std::to_string(c.layers) + " layers",
                "the width must be a positive multiple of the number of heads");
  }
}

Linear linear(int64_t in, int64_t out, double std) {
  Linear layer(in, out);
  refill_normal(layer->weight, std);
  refill_constant(layer->bias, 0.0);
  return layer;
}

}  // namespace

ClipBlockImpl::ClipBlockImpl(const ClipTransformerConfig& config) : config_(config) {
  check(config);
  const int64_t width = config.width;
  const double attn_std = 1.0 / std::sqrt(double(width));
  const double residual_std = attn_std / std::sqrt(2.0 * double(config.layers));

  ln_1_ = register_module("ln_1", LayerNorm(width));
  auto attn = register_module("attn", std::make_shared<torch::nn::Module>());
  in_proj_weight_ =
      attn->register_parameter("in_proj_weight", normal_parameter({3 * width, width}, attn_std));
  in_proj_bias_ = attn->register_parameter("in_proj_bias", constant_parameter({3 * width}, 0.0));
  out_proj_ = attn->register_module("out_proj", linear(width, width, residual_std));
  ln_2_ = register_module("ln_2", LayerNorm(width));
  c_fc_ =
      register_path(*this, "mlp.c_fc", linear(width, config.mlp_width, attn_std / std::sqrt(2.0)));
  c_proj_ = register_path(*this, "mlp.c_proj", linear(config.mlp_width, width, residual_std));
}

at::Tensor ClipBlockImpl::forward(const at::Tensor& x) {
  const auto qkv =
      apply_linear(in_proj_packed_, ln_1_(x), in_proj_weight_, in_proj_bias_).chunk(3, -1);
  const at::Tensor attention =
      ops::multi_head_attention(qkv[0], qkv[1], qkv[2], config_.heads, {.causal = config_.causal});
  const at::Tensor attended = out_proj_(attention, x);
  return c_proj_(activate(c_fc_(ln_2_(attended)), config_.activation), attended);
}

ClipTransformerImpl::ClipTransformerImpl(const ClipTransformerConfig& config) {
  check(config);
  for (int64_t i = 0; i < config.layers; ++i) {
    blocks_.push_back(register_path(*this, "resblocks." + std::to_string(i), ClipBlock(config)));
  }
}

ClipTransformerImpl::Hidden ClipTransformerImpl::forward(at::Tensor x, int64_t skip) {
  const auto blocks = static_cast<int64_t>(blocks_.size());
  TORCH_INTERNAL_ASSERT(skip >= 2 && skip <= blocks + 1);
  Hidden hidden;
  for (int64_t i = 0; i < blocks; ++i) {
    if (i + skip == blocks + 1) hidden.penultimate = x;
    x = blocks_[static_cast<std::size_t>(i)](x);
  }
  hidden.last = x;
  return hidden;
}

}  // namespace sfumato::nn
