#include "sfumato/base/files.h"
#include "sfumato/base/toml.h"
#include "sfumato/family/family.h"
#include "sfumato/family/names.h"
#include "sfumato/family/validate.h"

namespace sfumato {
namespace {

using std::string;

template <class Enum, std::size_t N>
void require_named(TomlTable& t, const char* key, const NameTable<Enum, N>& names, Enum& value) {
  string name;
  t.require(key, name);
  value = named(names, name, t.where(key));
}

template <class Enum, std::size_t N>
void get_named(TomlTable& t, const char* key, const NameTable<Enum, N>& names, Enum& value) {
  if (t.has(key)) require_named(t, key, names, value);
}

LatentConfig read_latent(TomlTable t) {
  LatentConfig c;
  t.require("channels", c.channels);
  t.require("downsample", c.downsample);
  t.get("scale", c.scale);
  t.get("shift", c.shift);
  t.get("scale_in_checkpoint", c.scale_in_checkpoint);
  t.finish();
  return c;
}

void read_betas(TomlTable& t, NoiseScheduleConfig& c) {
  t.require("betas", c.betas);
  if (c.betas != "cosine") {  // which has neither
    t.require("start", c.start);
    t.require("end", c.end);
  }
  t.require("steps", c.steps);
  t.get("zero_terminal_snr", c.zero_terminal_snr);
}

void read_schedule(TomlTable t, ModelConfig& config) {
  read_betas(t, config.schedule);
  string prediction;
  t.require("prediction", prediction);
  config.prediction = parse_prediction(prediction);
  t.finish();
}

UNetConfig read_unet(TomlTable t) {
  UNetConfig c;
  t.require("in_channels", c.in_channels);
  t.require("out_channels", c.out_channels);
  t.require("model_channels", c.model_channels);
  t.require("channel_mult", c.channel_mult);
  t.require("res_blocks", c.res_blocks);
  t.require("attention_at_downsample", c.attention_at_downsample);
  t.get("heads", c.heads);
  t.get("channels_per_head", c.channels_per_head);
  if (t.has("context_width")) t.get("context_width", c.context_width.emplace());

  const std::size_t levels = c.channel_mult.size();
  c.transformer_depth.assign(levels, 1);
  c.self_attention.assign(levels, true);
  t.get("transformer_depth", c.transformer_depth);
  t.get("middle_transformer_depth", c.middle_transformer_depth);
  t.get("linear_projection", c.linear_projection);
  t.get("self_attention", c.self_attention);
  t.get("middle_self_attention", c.middle_self_attention);
  t.get("new_attention_order", c.new_attention_order);
  t.get("class_count", c.class_count);
  t.get("vector_width", c.vector_width);
  t.get("scale_shift_norm", c.scale_shift_norm);
  t.get("resample_in_res_block", c.resample_in_res_block);
  t.get("conv_resample", c.conv_resample);
  t.get("norm_groups", c.norm_groups);
  t.get("coordinates", c.coordinates);
  t.finish();
  return c;
}

void read_autoencoder(TomlTable t, ModelConfig& config) {
  AutoencoderConfig& c = config.autoencoder;
  require_named(t, "kind", kAutoencoderKinds, config.autoencoder_kind);
  t.get("image_channels", c.image_channels);
  t.require("channels", c.channels);
  t.require("channel_mult", c.channel_mult);
  t.require("res_blocks", c.res_blocks);
  t.get("attention_at_downsample", c.attention_at_downsample);
  t.get("middle_attention", c.middle_attention);
  c.z_channels = c.latent_channels = config.latent.channels;
  t.get("z_channels", c.z_channels);
  t.get("codebook_size", c.codebook_size);
  t.get("norm_groups", c.norm_groups);
  t.finish();
}

TextEncoderConfig read_text_encoder(TomlTable t) {
  TextEncoderConfig c;
  require_named(t, "kind", kEncoderKinds, c.kind);
  t.require("prefix", c.prefix);
  get_named(t, "take", kTakes, c.take);
  get_named(t, "tokenizer", kTokenizerKinds, c.tokenizer);
  t.get("tokenizer_file", c.tokenizer_file);
  t.get("pad_with_eos", c.pad_with_eos);
  t.get("zero_when_empty", c.zero_when_empty);
  t.get("vocabulary", c.vocabulary);
  t.get("positions", c.positions);
  t.require("width", c.width);
  t.get("layers", c.layers);
  t.get("heads", c.heads);
  t.get("mlp_ratio", c.mlp_ratio);
  t.get("projection", c.projection);
  t.get("activation", c.activation);
  t.get("causal", c.causal);
  t.finish();
  return c;
}

ConcatConfig read_concat(TomlTable t) {
  ConcatConfig c;
  require_named(t, "kind", kConcatKinds, c.kind);
  t.require("channels", c.channels);
  t.get("labels", c.labels);
  t.get("stages", c.stages);
  t.get("prefix", c.prefix);
  t.finish();
  return c;
}

std::vector<VectorPart> read_vector(TomlTable t) {
  std::vector<string> names;
  t.require("parts", names);
  std::vector<VectorPart> parts;
  for (const auto& name : names) parts.push_back(named(kVectorParts, name, t.where("parts")));
  t.finish();
  return parts;
}

ImageEncoderConfig read_image_encoder(TomlTable t) {
  ImageEncoderConfig c;
  t.require("prefix", c.prefix);
  t.require("image_size", c.clip.image_size);
  t.require("patch_size", c.clip.patch_size);
  t.require("width", c.clip.width);
  t.require("layers", c.clip.layers);
  t.require("heads", c.clip.heads);
  t.require("projection", c.clip.projection);
  t.require("activation", c.clip.activation);
  t.get("mlp_ratio", c.clip.mlp_ratio);
  t.finish();
  return c;
}

NoiseAugmentConfig read_noise_augment(TomlTable t) {
  NoiseAugmentConfig c;
  read_betas(t, c.schedule);
  t.require("max_level", c.max_level);
  t.finish();
  return c;
}

CheckpointConfig read_checkpoint(TomlTable t) {
  CheckpointConfig c;
  t.get("unet", c.unet);
  t.get("autoencoder", c.autoencoder);
  t.get("autoencoder_copies", c.autoencoder_copies);
  t.finish();
  return c;
}

DefaultsConfig read_defaults(TomlTable t) {
  DefaultsConfig c;
  t.get("width", c.width);
  t.get("height", c.height);
  t.get("steps", c.steps);
  t.get("sampler", c.sampler);
  t.get("spacing", c.spacing);
  t.get("guidance", c.guidance);
  t.finish();
  return c;
}

TomlTable section(TomlTable& t, const char* key) {
  auto table = t.table(key);
  if (!table) {
    throw Error(ErrorKind::InvalidArgument, t.where(key) + ": the table [" + key + "] is missing");
  }
  return *table;
}

}  // namespace

ModelConfig parse_family(std::string_view toml, const std::string& file_name) {
  TomlTable t = TomlTable::parse(toml, file_name);
  ModelConfig config;
  config.toml = toml;
  t.require("family", config.family);
  t.require("source", config.source);
  config.latent = read_latent(section(t, "latent"));
  if (auto unet = t.table("unet")) {
    config.unet = read_unet(*unet);
    read_schedule(section(t, "schedule"), config);
  }
  read_autoencoder(section(t, "autoencoder"), config);
  for (auto& encoder : t.tables("text_encoders")) {
    config.text_encoders.push_back(read_text_encoder(encoder));
  }
  if (auto concat = t.table("concat")) config.concat = read_concat(*concat);
  if (auto vector = t.table("vector")) config.vector = read_vector(*vector);
  if (auto encoder = t.table("image_encoder")) config.image_encoder = read_image_encoder(*encoder);
  if (auto augment = t.table("noise_augment")) config.noise_augment = read_noise_augment(*augment);
  if (auto checkpoint = t.table("checkpoint")) config.checkpoint = read_checkpoint(*checkpoint);
  if (auto defaults = t.table("defaults")) config.defaults = read_defaults(*defaults);
  if (auto fingerprint = t.table("fingerprint")) {
    for (const auto& name : fingerprint->keys()) {
      fingerprint->get(name, config.fingerprint[name]);
    }
  }
  t.finish();
  validate(config, file_name);
  return config;
}

ModelConfig read_family(const std::filesystem::path& path) {
  return parse_family(read_file(path, 1 << 20), path.string());
}

}  // namespace sfumato
