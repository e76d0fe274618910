#include "sfumato/models/compvis_config.h"

#include <algorithm>
#include <string>
#include <vector>

#include "sfumato/models/json_values.h"

namespace sfumato {
namespace {

// `params` of {"target", "params"}; a class without arguments may leave it out.
nlohmann::json params_of(const nlohmann::json& config, const char* where) {
  const JsonValues outer(config, where);
  return outer.has("params") ? outer.at("params") : nlohmann::json::object();
}

// `attn_resolutions` are sizes in pixels of the picture that the model was trained at.
std::vector<int64_t> attention_levels(const JsonValues& dd, std::size_t levels) {
  const auto sizes = dd.get<std::vector<int64_t>>("attn_resolutions", {});
  std::vector<int64_t> factors;
  int64_t size = dd.get<int64_t>("resolution");
  for (std::size_t level = 0; level < levels; ++level, size /= 2) {
    if (std::find(sizes.begin(), sizes.end(), size) != sizes.end()) {
      factors.push_back(int64_t(1) << level);
    }
  }
  return factors;
}

std::string activation_of(const JsonValues& values, const char* otherwise) {
  const bool quick = values.get("quick_gelu", false);
  return values.get<std::string>("act", quick ? "quick_gelu" : otherwise);
}

}  // namespace

AutoencoderConfig autoencoder_from_compvis(const nlohmann::json& config) {
  const nlohmann::json object = params_of(config, "first_stage_config");
  const JsonValues params(object, "first_stage_config.params");
  const JsonValues dd(params.at("ddconfig"), "first_stage_config.params.ddconfig");

  AutoencoderConfig c;
  c.image_channels = dd.get<int64_t>("in_channels");
  if (dd.get<int64_t>("out_ch") != c.image_channels) dd.unsupported("out_ch unlike in_channels");
  c.channels = dd.get<int64_t>("ch");
  c.channel_mult = dd.get<std::vector<int64_t>>("ch_mult", {1, 2, 4, 8});
  if (c.channel_mult.empty()) dd.fail("ch_mult is empty");
  c.res_blocks = dd.get<int64_t>("num_res_blocks");
  c.z_channels = dd.get<int64_t>("z_channels");
  c.latent_channels = params.get<int64_t>("embed_dim");
  c.codebook_size = params.get<int64_t>("n_embed", 0);
  if (dd.get("double_z", true) != (c.codebook_size == 0)) {
    dd.unsupported("double_z with a codebook, or its absence without one,");
  }
  for (const char* flag : {"give_pre_end", "tanh_out", "use_linear_attn"}) {
    if (dd.get(flag, false)) dd.unsupported(flag);
  }
  if (!dd.get("resamp_with_conv", true)) dd.unsupported("resamp_with_conv = false");

  const auto attention = dd.get<std::string>("attn_type", "vanilla");
  if (attention == "none") {
    c.middle_attention = false;
  } else if (attention.starts_with("vanilla")) {
    c.attention_at_downsample = attention_levels(dd, c.channel_mult.size());
  } else {
    dd.unsupported("attn_type " + attention);
  }
  return c;
}

BertTextConfig bert_from_compvis(const nlohmann::json& config) {
  const nlohmann::json object = params_of(config, "cond_stage_config");
  const JsonValues params(object, "cond_stage_config.params");
  BertTextConfig c;
  c.vocabulary = params.get("vocab_size", c.vocabulary);
  c.positions = params.get("max_seq_len", c.positions);
  c.width = params.get<int64_t>("n_embed");
  c.layers = params.get<int64_t>("n_layer");
  return c;
}

SpatialRescalerConfig spatial_rescaler_from_compvis(const nlohmann::json& config) {
  const nlohmann::json object = params_of(config, "cond_stage_config");
  const JsonValues params(object, "cond_stage_config.params");
  SpatialRescalerConfig c;
  c.stages = params.get("n_stages", c.stages);
  c.in_channels = params.get("in_channels", c.in_channels);
  if (params.has("out_channels")) c.out_channels = params.get<int64_t>("out_channels");
  c.multiplier = params.get("multiplier", c.multiplier);
  c.interpolation = params.get("method", c.interpolation);
  c.bias = params.get("bias", c.bias);
  return c;
}

ClassEmbedderConfig class_embedder_from_compvis(const nlohmann::json& config) {
  const nlohmann::json object = params_of(config, "cond_stage_config");
  const JsonValues params(object, "cond_stage_config.params");
  return {.classes = params.get<int64_t>("n_classes", 1000),
          .width = params.get<int64_t>("embed_dim")};
}

ClipTextConfig clip_text_from_hugging_face(const nlohmann::json& config) {
  const JsonValues values(config, "CLIP text config");
  ClipTextConfig c;
  c.vocabulary = values.get("vocab_size", c.vocabulary);
  c.positions = values.get("max_position_embeddings", c.positions);
  c.width = values.get<int64_t>("hidden_size");
  c.layers = values.get<int64_t>("num_hidden_layers");
  c.heads = values.get<int64_t>("num_attention_heads");
  c.mlp_width = values.get<int64_t>("intermediate_size", 4 * c.width);
  c.activation = values.get("hidden_act", c.activation);
  c.norm_eps = values.get("layer_norm_eps", c.norm_eps);
  return c;
}

OpenClipTextConfig open_clip_text_from_json(const nlohmann::json& config) {
  const JsonValues values(config, "OpenCLIP config");
  const JsonValues text(values.at("text_cfg"), "OpenCLIP config: text_cfg");
  OpenClipTextConfig c;
  c.vocabulary = text.get("vocab_size", c.vocabulary);
  c.positions = text.get("context_length", c.positions);
  c.width = text.get<int64_t>("width");
  c.layers = text.get<int64_t>("layers");
  c.heads = text.get<int64_t>("heads");
  c.mlp_ratio = text.get("mlp_ratio", c.mlp_ratio);
  c.projection = values.get<int64_t>("embed_dim");
  c.activation = activation_of(values, "gelu");
  return c;
}

ClipImageConfig clip_image_from_openai(const nlohmann::json& config) {
  const JsonValues values(config, "CLIP image config");
  ClipImageConfig c;
  c.image_size = values.get<int64_t>("image_resolution");
  c.patch_size = values.get<int64_t>("patch_size");
  c.width = values.get<int64_t>("width");
  c.layers = values.get<int64_t>("layers");
  c.heads = values.get<int64_t>("heads", c.width / 64);
  c.projection = values.get<int64_t>("output_dim");
  c.activation = activation_of(values, "quick_gelu");
  return c;
}

ClipConfig clip_from_openai(const nlohmann::json& config) {
  const JsonValues values(config, "CLIP config");
  ClipConfig c;
  c.image.image_size = values.get<int64_t>("image_resolution");
  c.image.patch_size = values.get<int64_t>("vision_patch_size");
  c.image.width = values.get<int64_t>("vision_width");
  c.image.layers = values.get<int64_t>("vision_layers");
  c.image.heads = values.get<int64_t>("vision_heads", c.image.width / 64);
  c.text.vocabulary = values.get<int64_t>("vocab_size");
  c.text.positions = values.get<int64_t>("context_length");
  c.text.width = values.get<int64_t>("transformer_width");
  c.text.layers = values.get<int64_t>("transformer_layers");
  c.text.heads = values.get<int64_t>("transformer_heads");
  c.text.projection = c.image.projection = values.get<int64_t>("embed_dim");
  c.text.activation = c.image.activation = activation_of(values, "quick_gelu");
  return c;
}

}  // namespace sfumato
