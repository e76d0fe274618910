#include "sfumato/models/autoencoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "sfumato/nn/register_path.h"
#include "sfumato/nn/strips.h"

namespace sfumato {
namespace {

bool attends(const AutoencoderConfig& c, int64_t level) {
  const auto& at = c.attention_at_downsample;
  return std::find(at.begin(), at.end(), int64_t(1) << level) != at.end();
}

// Adds block (and attention) number i of a level below "down.2" or "up.2".
void add_block(torch::nn::Module& root, AutoencoderLevel& level, const std::string& path,
               int64_t in, int64_t out, bool attention, int64_t groups) {
  const auto i = std::to_string(level.blocks.size());
  level.blocks.push_back(
      nn::register_path(root, path + ".block." + i, nn::ResnetBlock(in, out, groups)));
  if (attention) {
    level.attentions.push_back(
        nn::register_path(root, path + ".attn." + i, nn::SingleHeadAttentionBlock(out, groups)));
  }
}

// The last norm and convolution of an encoder or decoder.
at::Tensor finished(nn::GroupNorm& norm, nn::Conv2d& conv, const at::Tensor& h) {
  if (!nn::in_strips()) return conv(norm->silu(h));
  nn::GroupMoments moments;
  nn::see_strips(
      h, {.halo = 0}, [](const at::Tensor& strip) { return strip; },
      [&](const at::Tensor& strip) { norm->add_to(moments, strip); });
  return nn::for_whole_layer(nn::run_in_strips(
      h, {.halo = 1}, [&](const at::Tensor& strip) { return conv(norm->silu(strip, moments)); }));
}

at::Tensor run_blocks(AutoencoderLevel& level, at::Tensor h) {
  for (std::size_t i = 0; i < level.blocks.size(); ++i) {
    h = level.blocks[i](h);
    if (!level.attentions.empty()) h = level.attentions[i](h);
  }
  return h;
}

}  // namespace

AutoencoderMiddleImpl::AutoencoderMiddleImpl(const AutoencoderConfig& c, int64_t channels) {
  block_1_ = register_module("block_1", nn::ResnetBlock(channels, channels, c.norm_groups));
  if (c.middle_attention) {
    attn_1_ = register_module("attn_1", nn::SingleHeadAttentionBlock(channels, c.norm_groups));
  }
  block_2_ = register_module("block_2", nn::ResnetBlock(channels, channels, c.norm_groups));
}

at::Tensor AutoencoderMiddleImpl::forward(const at::Tensor& x) {
  const at::Tensor h = block_1_(x);
  return block_2_(attn_1_ ? attn_1_(h) : h);
}

EncoderImpl::EncoderImpl(const AutoencoderConfig& c, int64_t out_channels) {
  conv_in_ = register_module("conv_in", nn::Conv2d(c.image_channels, c.channels, 3));
  const int64_t level_count = static_cast<int64_t>(c.channel_mult.size());
  int64_t channels = c.channels;
  for (int64_t l = 0; l < level_count; ++l) {
    const auto path = "down." + std::to_string(l);
    auto& level = levels_.emplace_back();
    for (int64_t i = 0; i < c.res_blocks; ++i) {
      const int64_t out = c.channels * c.channel_mult[l];
      add_block(*this, level, path, channels, out, attends(c, l), c.norm_groups);
      channels = out;
    }
    if (l + 1 < level_count) {
      level.downsample =
          nn::register_path(*this, path + ".downsample", nn::AsymmetricDownsample(channels));
    }
  }
  middle_ = register_module("mid", AutoencoderMiddle(c, channels));
  norm_out_ = register_module("norm_out", nn::GroupNorm(c.norm_groups, channels, 1e-6));
  conv_out_ = register_module("conv_out", nn::Conv2d(channels, out_channels, 3));
}

at::Tensor EncoderImpl::forward(const at::Tensor& image) {
  at::Tensor h =
      nn::in_strips() ? nn::run_in_strips(image, {.halo = 1}, std::ref(conv_in_)) : conv_in_(image);
  for (auto& level : levels_) {
    h = run_blocks(level, std::move(h));  // no map is kept longer than it is needed
    if (level.downsample) h = level.downsample(h);
  }
  return finished(norm_out_, conv_out_, middle_(h));
}

DecoderImpl::DecoderImpl(const AutoencoderConfig& c) {
  const int64_t level_count = static_cast<int64_t>(c.channel_mult.size());
  int64_t channels = c.channels * c.channel_mult.back();
  conv_in_ = register_module("conv_in", nn::Conv2d(c.z_channels, channels, 3));
  middle_ = register_module("mid", AutoencoderMiddle(c, channels));
  for (int64_t l = level_count - 1; l >= 0; --l) {  // coarse to fine; up.0 is the finest
    const auto path = "up." + std::to_string(l);
    auto& level = levels_.emplace_back();
    for (int64_t i = 0; i <= c.res_blocks; ++i) {
      const int64_t out = c.channels * c.channel_mult[l];
      add_block(*this, level, path, channels, out, attends(c, l), c.norm_groups);
      channels = out;
    }
    if (l > 0) {
      level.upsample =
          nn::register_path(*this, path + ".upsample", nn::Upsample(channels, /*with_conv=*/true));
    }
  }
  norm_out_ = register_module("norm_out", nn::GroupNorm(c.norm_groups, channels, 1e-6));
  conv_out_ = register_module("conv_out", nn::Conv2d(channels, c.image_channels, 3));
}

at::Tensor DecoderImpl::forward(const at::Tensor& z) {
  at::Tensor h = middle_(conv_in_(z));
  for (auto& level : levels_) {
    h = run_blocks(level, std::move(h));
    if (level.upsample) h = level.upsample(h);
  }
  return finished(norm_out_, conv_out_, h);
}

}  // namespace sfumato
