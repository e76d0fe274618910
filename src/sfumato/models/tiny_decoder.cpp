#include "sfumato/models/tiny_decoder.h"

#include <ATen/ATen.h>

#include <string>

#include "sfumato/nn/register_path.h"

namespace sfumato {
namespace {

constexpr double kLargest = 3.0;  // what latents are squashed to before the first convolution

}  // namespace

TinyBlockImpl::TinyBlockImpl(std::int64_t channels) {
  for (const char* name : {"conv.0", "conv.2", "conv.4"}) {
    convs_.push_back(nn::register_path(*this, name, nn::Conv2d(channels, channels, 3)));
  }
}

at::Tensor TinyBlockImpl::forward(const at::Tensor& x) {
  return at::relu(convs_[2](at::relu(convs_[1](at::relu(convs_[0](x)))), x));
}

TinyDecoderImpl::TinyDecoderImpl(const TinyDecoderConfig& c) : config(c) {
  int place = 1;  // 0 squashes the latents
  first_ = register_module(std::to_string(place), nn::Conv2d(c.latent_channels, c.channels, 3));
  place += 2;  // a relu
  for (std::int64_t i = 0; i < c.upsamplings; ++i) {
    add_blocks(place, c.blocks);
    ++place;  // the upsampling itself
    nn::Conv2d conv(c.channels, c.channels, 3, nn::Conv2dImpl::Options{.bias = false});
    doublings_.push_back(register_module(std::to_string(place++), conv));
  }
  add_blocks(place, 1);
  last_ = register_module(std::to_string(place), nn::Conv2d(c.channels, 3, 3));
}

void TinyDecoderImpl::add_blocks(int& place, std::int64_t count) {
  blocks_.emplace_back();
  for (std::int64_t i = 0; i < count; ++i) {
    blocks_.back().push_back(register_module(std::to_string(place++), TinyBlock(config.channels)));
  }
}

at::Tensor TinyDecoderImpl::forward(const at::Tensor& latent) {
  const at::Tensor squashed = at::tanh(latent / kLargest) * kLargest;
  at::Tensor x = at::relu(first_(squashed.contiguous(at::MemoryFormat::ChannelsLast)));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    for (auto& block : blocks_[i]) x = block(x);
    if (i < doublings_.size()) x = doublings_[i]->upsampled(x);
  }
  return last_(x) * 2.0 - 1.0;  // it paints in [0, 1]
}

}  // namespace sfumato
