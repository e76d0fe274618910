#include <algorithm>
#include <string>
#include <vector>

#include "sfumato/models/compvis_config.h"
#include "sfumato/models/json_values.h"

namespace sfumato {
namespace {

// `num_res_blocks` and `transformer_depth` are one number for all levels or a list.
std::vector<int64_t> per_level(const JsonValues& params, const char* key, int64_t otherwise,
                               std::size_t levels) {
  if (!params.has(key)) return std::vector<int64_t>(levels, otherwise);
  if (params.at(key).is_number()) return std::vector<int64_t>(levels, params.get<int64_t>(key));
  const auto list = params.get<std::vector<int64_t>>(key);
  if (list.size() != levels) params.fail(std::string(key) + " needs one entry per level");
  return list;
}

void refuse_what_has_no_field(const JsonValues& params) {
  if (params.get<int64_t>("dims", 2) != 2) params.unsupported("dims other than 2");
  if (params.has("n_embed")) params.unsupported("n_embed");
  if (params.has("num_attention_blocks")) params.unsupported("num_attention_blocks");
  if (params.get("disable_middle_transformer", false)) {
    params.unsupported("disable_middle_transformer");
  }
}

// With num_head_channels the number of heads follows the width of the level, with num_heads the
// width of a head does. `legacy` only says how the original derived one from the other; the layers
// are the same wherever the widths divide.
void read_heads(const JsonValues& params, UNetConfig& c) {
  const int64_t heads = params.get<int64_t>("num_heads", -1);
  const int64_t head_channels = params.get<int64_t>("num_head_channels", -1);
  if (heads <= 0 && head_channels <= 0) {
    params.fail("num_heads or num_head_channels must be given");
  }
  c.channels_per_head = std::max<int64_t>(head_channels, 0);
  c.heads = head_channels > 0 ? 0 : heads;
  const int64_t upsample_heads = params.get<int64_t>("num_heads_upsample", -1);
  if (c.heads > 0 && upsample_heads > 0 && upsample_heads != c.heads) {
    params.unsupported("num_heads_upsample");
  }
}

void read_labels(const JsonValues& params, UNetConfig& c) {
  if (!params.has("num_classes")) return;
  const auto& classes = params.at("num_classes");
  if (classes.is_number_integer()) {
    c.class_count = classes.get<int64_t>();
  } else if (classes == "sequential") {
    c.vector_width = params.get<int64_t>("adm_in_channels");
  } else {
    params.unsupported("num_classes " + classes.dump());
  }
}

void read_transformers(const JsonValues& params, bool sgm, UNetConfig& c) {
  const std::size_t levels = c.channel_mult.size();
  // generative-models has transformers only; before, a flag chose them.
  if (!sgm && !params.get("use_spatial_transformer", false)) {
    if (params.has("context_dim")) params.fail("context_dim without use_spatial_transformer");
    return;
  }
  if (params.at("context_dim").is_array()) {  // one entry per block of a transformer, all alike
    const auto widths = params.get<std::vector<int64_t>>("context_dim");
    if (widths.empty() || std::count(widths.begin(), widths.end(), widths[0]) !=
                              static_cast<std::ptrdiff_t>(widths.size())) {
      params.unsupported("a context_dim that differs between blocks");
    }
    c.context_width = widths[0];
  } else {
    c.context_width = params.get<int64_t>("context_dim");
  }
  c.transformer_depth = per_level(params, "transformer_depth", 1, levels);
  c.middle_transformer_depth =
      params.get<int64_t>("transformer_depth_middle", c.transformer_depth.back());
  c.linear_projection = params.get("use_linear_in_transformer", false);
  if (params.has("disable_self_attentions")) {
    const auto disabled = params.get<std::vector<bool>>("disable_self_attentions");
    if (disabled.size() != levels) {
      params.fail("disable_self_attentions needs one entry per level");
    }
    c.self_attention = disabled;
    c.self_attention.flip();
  }
  c.middle_self_attention = !params.get("disable_middle_self_attn", false);
}

}  // namespace

UNetConfig unet_from_compvis(const nlohmann::json& config) {
  const JsonValues outer(config, "unet_config");
  const JsonValues params(outer.at("params"), "unet_config.params");
  const bool sgm = outer.get<std::string>("target", "").starts_with("sgm.");
  refuse_what_has_no_field(params);

  UNetConfig c;
  c.in_channels = params.get<int64_t>("in_channels");
  c.out_channels = params.get<int64_t>("out_channels");
  c.model_channels = params.get<int64_t>("model_channels");
  c.channel_mult = params.get<std::vector<int64_t>>("channel_mult", {1, 2, 4, 8});
  const std::size_t levels = c.channel_mult.size();
  if (levels == 0) params.fail("channel_mult is empty");
  c.res_blocks = per_level(params, "num_res_blocks", 0, levels);
  c.attention_at_downsample = params.get<std::vector<int64_t>>("attention_resolutions");
  c.transformer_depth.assign(levels, 1);
  c.self_attention.assign(levels, true);
  read_heads(params, c);
  read_labels(params, c);
  read_transformers(params, sgm, c);
  c.new_attention_order = params.get("use_new_attention_order", false);
  c.scale_shift_norm = params.get("use_scale_shift_norm", false);
  c.resample_in_res_block = params.get("resblock_updown", false);
  c.conv_resample = params.get("conv_resample", true);
  return c;
}

}  // namespace sfumato
