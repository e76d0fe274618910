#include "sfumato/family/diffusers_configs.h"

#include <algorithm>
#include <functional>

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVersion = "0.21.0";  // of diffusers, whose fields these are
constexpr const char* kWrittenBy = "_written_by";
constexpr const char* kUNetFile = "diffusion_pytorch_model.safetensors";
constexpr const char* kTextFile = "model.safetensors";
constexpr int kSizeEmbedding = 256;  // width of each number's embedding in SDXL's vector

[[noreturn]] void unsupported(const ModelConfig& config, const std::string& what) {
  throw Error(ErrorKind::Unsupported,
              "a diffusers folder cannot hold " + config.family + ": " + what,
              "write a .safetensors file instead");
}

bool has_part(const ModelConfig& config, VectorPart part) {
  return std::find(config.vector.begin(), config.vector.end(), part) != config.vector.end();
}

/// SDXL and its refiner: the vector holds the pooled text and sizes.
bool is_xl(const ModelConfig& config) { return has_part(config, VectorPart::Pooled); }

void expect_stable_diffusion(const ModelConfig& config) {
  if (!config.unet) unsupported(config, "it has no U-Net");
  if (config.autoencoder_kind != AutoencoderKind::KL) {
    unsupported(config, "its autoencoder is vector-quantised");
  }
  const AutoencoderConfig& vae = config.autoencoder;
  if (!vae.attention_at_downsample.empty() || !vae.middle_attention ||
      vae.z_channels != vae.latent_channels) {
    unsupported(config, "its autoencoder is built in another way");
  }
  const auto& blocks = config.unet->res_blocks;
  if (std::adjacent_find(blocks.begin(), blocks.end(), std::not_equal_to<>()) != blocks.end() ||
      !config.unet->context_width || config.unet->scale_shift_norm ||
      config.unet->resample_in_res_block || config.unet->coordinates) {
    unsupported(config, "its U-Net is built in another way");
  }
  if (config.text_encoders.empty()) unsupported(config, "it has no text encoder");
  for (const auto& encoder : config.text_encoders) {
    if (encoder.kind != EncoderKind::Clip && encoder.kind != EncoderKind::OpenClip) {
      unsupported(config, "its text encoder is not of CLIP's kind");
    }
  }
  if (has_part(config, VectorPart::ImageEmbedding)) unsupported(config, "it reads pictures");
}

std::vector<std::int64_t> widths(std::int64_t first, const std::vector<std::int64_t>& multiples) {
  std::vector<std::int64_t> all;
  for (const auto multiple : multiples) all.push_back(first * multiple);
  return all;
}

bool attends(const UNetConfig& unet, std::size_t level) {
  const auto& at = unet.attention_at_downsample;
  return std::find(at.begin(), at.end(), std::int64_t{1} << level) != at.end();
}

/// diffusers calls the number of heads "attention_head_dim".
Json heads_of(const UNetConfig& unet) {
  if (unet.heads > 0) return unet.heads;
  Json heads = Json::array();
  for (const auto width : widths(unet.model_channels, unet.channel_mult)) {
    heads.push_back(std::max<std::int64_t>(1, width / unet.channels_per_head));
  }
  return heads;
}

Json unet_config(const ModelConfig& config) {
  const UNetConfig& unet = *config.unet;
  const std::size_t levels = unet.channel_mult.size();
  Json down = Json::array(), up = Json::array(), depths = Json::array(), only_cross = Json::array();
  for (std::size_t i = 0; i < levels; ++i) {
    const std::size_t back = levels - 1 - i;
    down.push_back(attends(unet, i) ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.push_back(attends(unet, back) ? "CrossAttnUpBlock2D" : "UpBlock2D");
    depths.push_back(std::max<std::int64_t>(1, unet.transformer_depth[i]));
    only_cross.push_back(i < unet.self_attention.size() && !unet.self_attention[i]);
  }
  Json json{{"_class_name", "UNet2DConditionModel"},
            {"_diffusers_version", kVersion},
            {"act_fn", "silu"},
            {"attention_head_dim", heads_of(unet)},
            {"block_out_channels", widths(unet.model_channels, unet.channel_mult)},
            {"center_input_sample", false},
            {"cross_attention_dim", *unet.context_width},
            {"down_block_types", down},
            {"downsample_padding", 1},
            {"flip_sin_to_cos", true},
            {"freq_shift", 0},
            {"in_channels", unet.in_channels},
            {"layers_per_block", unet.res_blocks[0]},
            {"mid_block_scale_factor", 1},
            {"mid_block_type", "UNetMidBlock2DCrossAttn"},
            {"norm_eps", 1e-05},
            {"norm_num_groups", unet.norm_groups},
            {"only_cross_attention", only_cross},
            {"out_channels", unet.out_channels},
            {"sample_size", config.defaults.width / config.latent.downsample},
            {"transformer_layers_per_block", depths},
            {"up_block_types", up},
            {"use_linear_projection", unet.linear_projection}};
  if (unet.class_count > 0) json["num_class_embeds"] = unet.class_count;
  if (unet.vector_width > 0) {
    json["addition_embed_type"] = "text_time";
    json["addition_time_embed_dim"] = kSizeEmbedding;
    json["projection_class_embeddings_input_dim"] = unet.vector_width;
  }
  return json;
}

Json vae_config(const ModelConfig& config) {
  const AutoencoderConfig& vae = config.autoencoder;
  const std::vector<std::string> down(vae.channel_mult.size(), "DownEncoderBlock2D");
  const std::vector<std::string> up(vae.channel_mult.size(), "UpDecoderBlock2D");
  Json json{{"_class_name", "AutoencoderKL"},
            {"_diffusers_version", kVersion},
            {"act_fn", "silu"},
            {"block_out_channels", widths(vae.channels, vae.channel_mult)},
            {"down_block_types", down},
            {"in_channels", vae.image_channels},
            {"latent_channels", vae.latent_channels},
            {"layers_per_block", vae.res_blocks},
            {"norm_num_groups", vae.norm_groups},
            {"out_channels", vae.image_channels},
            {"sample_size", config.defaults.width},
            {"scaling_factor", config.latent.scale},
            {"up_block_types", up}};
  if (config.latent.shift != 0.0) json["shift_factor"] = config.latent.shift;
  return json;
}

Json text_config(const TextEncoderConfig& encoder, DiffusersPart part) {
  const bool projected = part == DiffusersPart::OpenClipText;
  const bool shortened = part == DiffusersPart::OpenClipPenultimate;
  return {{"architectures", {projected ? "CLIPTextModelWithProjection" : "CLIPTextModel"}},
          {"attention_dropout", 0.0},
          {"bos_token_id", 0},
          {"dropout", 0.0},
          {"eos_token_id", 2},
          {"hidden_act", encoder.activation},
          {"hidden_size", encoder.width},
          {"initializer_factor", 1.0},
          {"initializer_range", 0.02},
          {"intermediate_size", encoder.mlp_ratio * encoder.width},
          {"layer_norm_eps", 1e-05},
          {"max_position_embeddings", encoder.positions},
          {"model_type", "clip_text_model"},
          {"num_attention_heads", encoder.heads},
          {"num_hidden_layers", shortened ? encoder.layers - 1 : encoder.layers},
          {"pad_token_id", 1},
          {"projection_dim", encoder.projection},
          {"vocab_size", encoder.vocabulary}};
}

DiffusersFolderPart text_part(const ModelConfig& config, const TextEncoderConfig& encoder) {
  DiffusersFolderPart part{"text_encoder", kTextFile, DiffusersPart::ClipText, encoder.prefix, {}};
  if (encoder.kind == EncoderKind::OpenClip) {
    part.part = is_xl(config) ? DiffusersPart::OpenClipText : DiffusersPart::OpenClipPenultimate;
    if (is_xl(config)) part.folder = "text_encoder_2";
  }
  // The folder's reader tells the two kinds apart by the activation.
  if (!is_xl(config) &&
      (encoder.activation == "quick_gelu") != (part.part == DiffusersPart::ClipText)) {
    unsupported(config, "the activation " + encoder.activation + " is another encoder's");
  }
  if (!encoder.causal) unsupported(config, "its text encoder sees all tokens");
  part.config = text_config(encoder, part.part);
  return part;
}

std::string pipeline_of(const ModelConfig& config) {
  const bool xl = is_xl(config);
  if (has_part(config, VectorPart::AestheticScore)) return "StableDiffusionXLImg2ImgPipeline";
  switch (config.concat.kind) {
    case ConcatKind::MaskedLatent:
      return xl ? "StableDiffusionXLInpaintPipeline" : "StableDiffusionInpaintPipeline";
    case ConcatKind::Depth:
      return "StableDiffusionDepth2ImgPipeline";
    case ConcatKind::EditedImage:
      return "StableDiffusionInstructPix2PixPipeline";
    case ConcatKind::LowResImage:
      return "StableDiffusionUpscalePipeline";
    case ConcatKind::None:
    case ConcatKind::MaskedLatentFirst:
    case ConcatKind::LabelMap:
      break;
  }
  return xl ? "StableDiffusionXLPipeline" : "StableDiffusionPipeline";
}

std::string scheduler_prediction(Prediction prediction) {
  switch (prediction) {
    case Prediction::Epsilon:
      return "epsilon";
    case Prediction::V:
      return "v_prediction";
    case Prediction::Sample:
      break;
  }
  return "sample";
}

}  // namespace

std::vector<DiffusersFolderPart> diffusers_parts(const ModelConfig& config) {
  expect_stable_diffusion(config);
  const auto unet = is_xl(config) ? DiffusersPart::AddedUNet : DiffusersPart::UNet;
  std::vector<DiffusersFolderPart> parts{
      {"unet", kUNetFile, unet, config.checkpoint.unet, unet_config(config)},
      {"vae", kUNetFile, DiffusersPart::Vae, config.checkpoint.autoencoder, vae_config(config)}};
  for (const auto& encoder : config.text_encoders) parts.push_back(text_part(config, encoder));
  return parts;
}

Json diffusers_index(const ModelConfig& config, const std::string& scheduler) {
  const Json none{nullptr, nullptr};
  Json json{{"_class_name", pipeline_of(config)}, {"_diffusers_version", kVersion}};
  if (!is_xl(config)) {
    json["feature_extractor"] = none;
    json["requires_safety_checker"] = false;
    json["safety_checker"] = none;
  } else {
    json["force_zeros_for_empty_prompt"] = config.text_encoders.back().zero_when_empty;
  }
  json["scheduler"] = {"diffusers", scheduler};
  for (const std::string folder : {"text_encoder", "text_encoder_2"}) {
    if (folder.ends_with("_2") && !is_xl(config)) continue;
    const std::string tokenizer = folder.ends_with("_2") ? "tokenizer_2" : "tokenizer";
    json[folder] = json[tokenizer] = none;
  }
  for (const auto& part : diffusers_parts(config)) {
    const bool text = part.folder.starts_with("text_encoder");
    json[part.folder] = text ? Json{"transformers", part.config["architectures"][0]}
                             : Json{"diffusers", part.config["_class_name"]};
    if (!text) continue;
    const std::string tokenizer = part.folder.ends_with("_2") ? "tokenizer_2" : "tokenizer";
    json[tokenizer] = {"transformers", "CLIPTokenizer"};
  }
  return json;
}

bool is_authors_scheduler(const std::string& text) {
  const Json json = parse_bounded_json(text);
  return json.is_object() && !json.contains(kWrittenBy);
}

Json diffusers_scheduler(const ModelConfig& config) {
  const std::string kind = is_xl(config) ? "EulerDiscreteScheduler" : "DDIMScheduler";
  Json json{{"_class_name", kind},
            {"_diffusers_version", kVersion},
            {kWrittenBy, "sfumato"},
            {"beta_end", config.schedule.end},
            {"beta_schedule",
             config.schedule.betas == "linear_in_sqrt" ? "scaled_linear" : config.schedule.betas},
            {"beta_start", config.schedule.start},
            {"num_train_timesteps", config.schedule.steps},
            {"prediction_type", scheduler_prediction(config.prediction)},
            {"rescale_betas_zero_snr", config.schedule.zero_terminal_snr},
            {"steps_offset", 1},
            {"timestep_spacing", config.schedule.zero_terminal_snr ? "trailing" : "leading"},
            {"trained_betas", nullptr}};
  if (is_xl(config)) {
    json["interpolation_type"] = "linear";
    json["use_karras_sigmas"] = false;
  } else {
    json["clip_sample"] = false;
    json["set_alpha_to_one"] = false;
  }
  return json;
}

}  // namespace sfumato
