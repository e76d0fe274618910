#include "sfumato/models/unet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/nn/attention_block.h"
#include "sfumato/nn/register_path.h"
#include "sfumato/nn/res_block.h"
#include "sfumato/nn/resample.h"
#include "sfumato/nn/spatial_transformer.h"
#include "sfumato/nn/timestep_embedding.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

// Layers in the order they run; a stage has at most one of each kind but residual blocks.
struct UNetImpl::Stage {
  struct Layer {
    nn::ResBlock res{nullptr};
    nn::AttentionBlock self_attention{nullptr};
    nn::SpatialTransformer transformer{nullptr};
    nn::Conv2d conv{nullptr};
    nn::Downsample downsample{nullptr};
    nn::Upsample upsample{nullptr};

    at::Tensor forward(const at::Tensor& x, const at::Tensor& emb, const at::Tensor& context) {
      if (res) return res(x, emb);
      if (self_attention) return self_attention(x);
      if (transformer) return transformer(x, context);
      if (conv) return conv(x);
      return downsample ? downsample(x) : upsample(x);
    }
  };
  std::vector<Layer> layers;

  at::Tensor forward(at::Tensor x, const at::Tensor& emb, const at::Tensor& context) {
    for (auto& layer : layers) x = layer.forward(x, emb, context);
    return x;
  }
};

// Creates the layers of a stage under "input_blocks.3.0" and so on.
class UNetImpl::Builder {
 public:
  using Layer = Stage::Layer;
  using Resample = nn::ResBlockConfig::Resample;

  explicit Builder(UNetImpl& unet) : unet_(unet), c(unet.config_) {}

  std::shared_ptr<Stage> stage(const std::string& path) {
    path_ = path;
    stage_ = std::make_shared<Stage>();
    return stage_;
  }
  void res(int64_t in, int64_t out, Resample resample = Resample::None) {
    add(&Layer::res, nn::ResBlock(nn::ResBlockConfig{.in_channels = in,
                                                     .out_channels = out,
                                                     .emb_channels = 4 * c.model_channels,
                                                     .scale_shift_norm = c.scale_shift_norm,
                                                     .resample = resample,
                                                     .groups = c.norm_groups}));
  }
  void attention(int64_t channels, int64_t depth, bool self_attention) {
    const int64_t heads = c.channels_per_head > 0 ? channels / c.channels_per_head : c.heads;
    if (heads <= 0 || channels % heads != 0) {
      throw Error(ErrorKind::InvalidArgument, "unet: " + std::to_string(channels) +
                                                  " channels do not split into " +
                                                  std::to_string(heads) + " attention heads");
    }
    if (!c.context_width) {
      add(&Layer::self_attention,
          nn::AttentionBlock(channels, heads, c.new_attention_order, c.norm_groups));
      return;
    }
    add(&Layer::transformer, nn::SpatialTransformer(nn::SpatialTransformerConfig{
                                 .channels = channels,
                                 .heads = heads,
                                 .head_width = channels / heads,
                                 .depth = depth,
                                 .context_width = *c.context_width,
                                 .linear_projection = c.linear_projection,
                                 .self_attention = self_attention,
                                 .groups = c.norm_groups}));
  }
  void conv(int64_t in, int64_t out) { add(&Layer::conv, nn::Conv2d(in, out, 3)); }
  void downsample(int64_t channels) {
    if (c.resample_in_res_block) return res(channels, channels, Resample::Down);
    add(&Layer::downsample, nn::Downsample(channels, c.conv_resample));
  }
  void upsample(int64_t channels) {
    if (c.resample_in_res_block) return res(channels, channels, Resample::Up);
    add(&Layer::upsample, nn::Upsample(channels, c.conv_resample));
  }

 private:
  template <class Holder>
  void add(Holder Layer::*kind, Holder layer) {
    const auto index = std::to_string(stage_->layers.size());
    stage_->layers.emplace_back().*kind = nn::register_path(unet_, path_ + "." + index, layer);
  }

  UNetImpl& unet_;
  const UNetConfig& c;
  std::string path_;
  std::shared_ptr<Stage> stage_;
};

namespace {

void check(const UNetConfig& c) {
  const std::size_t levels = c.channel_mult.size();
  const auto fail = [](const std::string& what) {
    throw Error(ErrorKind::InvalidArgument, "unet: " + what);
  };
  if (levels == 0) fail("channel_mult is empty");
  if (c.res_blocks.size() != levels) fail("res_blocks needs one entry per level");
  if (c.context_width && c.transformer_depth.size() != levels) {
    fail("transformer_depth needs one entry per level");
  }
  if (c.context_width && c.self_attention.size() != levels) {
    fail("self_attention needs one entry per level");
  }
  if ((c.heads > 0) == (c.channels_per_head > 0)) {
    fail("give either heads or channels_per_head");
  }
}

at::Tensor with_coordinates(const at::Tensor& x) {
  const auto axis = [&](int64_t size) { return at::linspace(-1.0, 1.0, size, x.options()); };
  const at::Tensor across = axis(x.size(3)).expand({x.size(0), 1, x.size(2), -1});
  const at::Tensor down = axis(x.size(2)).unsqueeze(1).expand({x.size(0), 1, -1, x.size(3)});
  return at::cat({x, across, down}, 1);
}

}  // namespace

UNetImpl::UNetImpl(const UNetConfig& config) : config_(config) {
  check(config);
  const auto& c = config_;
  const int64_t emb_channels = 4 * c.model_channels;
  time_in_ = nn::register_path(*this, "time_embed.0", nn::Linear(c.model_channels, emb_channels));
  time_out_ = nn::register_path(*this, "time_embed.2", nn::Linear(emb_channels, emb_channels));
  if (c.class_count > 0) {
    class_embedding_ = register_module("label_emb", nn::Embedding(c.class_count, emb_channels));
  } else if (c.vector_width > 0) {
    vector_in_ =
        nn::register_path(*this, "label_emb.0.0", nn::Linear(c.vector_width, emb_channels));
    vector_out_ = nn::register_path(*this, "label_emb.0.2", nn::Linear(emb_channels, emb_channels));
  }

  Builder build(*this);
  const int64_t levels = static_cast<int64_t>(c.channel_mult.size());
  const auto attends = [&](int64_t level) {
    const auto& at = c.attention_at_downsample;
    return std::find(at.begin(), at.end(), int64_t(1) << level) != at.end();
  };
  const auto attention = [&](int64_t channels, int64_t level) {
    build.attention(channels, c.context_width ? c.transformer_depth[level] : 0,
                    c.context_width ? bool(c.self_attention[level]) : true);
  };
  const auto next_input = [&] {
    input_blocks_.push_back(build.stage("input_blocks." + std::to_string(input_blocks_.size())));
  };

  int64_t channels = c.model_channels;
  std::vector<int64_t> skips{channels};  // widths of the input stages' outputs
  next_input();
  build.conv(c.in_channels + (c.coordinates ? 2 : 0), channels);
  for (int64_t level = 0; level < levels; ++level) {
    for (int64_t i = 0; i < c.res_blocks[level]; ++i) {
      next_input();
      const int64_t out = c.model_channels * c.channel_mult[level];
      build.res(channels, out);
      channels = out;
      if (attends(level)) attention(channels, level);
      skips.push_back(channels);
    }
    if (level + 1 < levels) {
      next_input();
      build.downsample(channels);
      skips.push_back(channels);
    }
  }

  middle_block_ = build.stage("middle_block");
  build.res(channels, channels);
  build.attention(channels, c.middle_transformer_depth, c.middle_self_attention);
  build.res(channels, channels);

  for (int64_t level = levels - 1; level >= 0; --level) {
    for (int64_t i = 0; i <= c.res_blocks[level]; ++i) {
      output_blocks_.push_back(
          build.stage("output_blocks." + std::to_string(output_blocks_.size())));
      const int64_t out = c.model_channels * c.channel_mult[level];
      build.res(channels + skips.back(), out);
      skips.pop_back();
      channels = out;
      if (attends(level)) attention(channels, level);
      if (level > 0 && i == c.res_blocks[level]) build.upsample(channels);
    }
  }

  out_norm_ = nn::register_path(*this, "out.0", nn::GroupNorm(c.norm_groups, channels, 1e-5));
  out_conv_ =
      nn::register_path(*this, "out.2", nn::zeroed(nn::Conv2d(channels, c.out_channels, 3)));
}

at::Tensor UNetImpl::embedding(const at::Tensor& timesteps, const std::optional<at::Tensor>& y) {
  if ((class_embedding_ || vector_in_) != y.has_value()) {
    throw Error(ErrorKind::InvalidArgument,
                y ? "unet: got a label or vector, but this model takes none"
                  : "unet: this model needs a label or vector, got none");
  }
  const at::Tensor t = nn::timestep_embedding(timesteps, config_.model_channels);
  const at::Tensor emb = time_out_(at::silu(time_in_(t.to(time_in_->weight.scalar_type()))));
  if (class_embedding_) return emb + class_embedding_(*y);
  if (vector_in_) {
    expect_shape(*y, {timesteps.size(0), config_.vector_width}, "unet vector");
    return emb + vector_out_(at::silu(vector_in_(*y)));
  }
  return emb;
}

at::Tensor UNetImpl::forward(const at::Tensor& x, const at::Tensor& timesteps,
                             const std::optional<at::Tensor>& context,
                             const std::optional<at::Tensor>& y) {
  expect_shape(x, {-1, config_.in_channels, -1, -1}, "unet input");
  expect_shape(timesteps, {x.size(0)}, "unet timesteps");
  const int64_t factor = int64_t(1) << (config_.channel_mult.size() - 1);
  if (x.size(2) % factor != 0 || x.size(3) % factor != 0) {
    throw Error(ErrorKind::InvalidArgument, "unet input: height and width must be divisible by " +
                                                std::to_string(factor) + ", found " +
                                                shape_string(x.sizes()));
  }
  if (config_.context_width.has_value() != context.has_value()) {
    throw Error(ErrorKind::InvalidArgument, context
                                                ? "unet: got a context, but this model takes none"
                                                : "unet: this model needs a context, got none");
  }
  if (context) expect_shape(*context, {x.size(0), -1, *config_.context_width}, "unet context");
  const at::Tensor tokens = context.value_or(at::Tensor());
  const at::Tensor emb = embedding(timesteps, y);

  std::vector<at::Tensor> skips;
  at::Tensor h = config_.coordinates ? with_coordinates(x) : x;
  for (auto& stage : input_blocks_) {
    h = stage->forward(h, emb, tokens);
    skips.push_back(h);
  }
  h = middle_block_->forward(h, emb, tokens);
  for (auto& stage : output_blocks_) {
    h = stage->forward(at::cat({h, skips.back()}, 1), emb, tokens);
    skips.pop_back();
  }
  return out_conv_(out_norm_->silu(h));
}

}  // namespace sfumato
