#include "sfumato/family/validate.h"

#include <cmath>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using std::to_string;

/// The checks of one file, so that every message names it.
struct Check {
  const std::string& file;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::InvalidArgument, file + ": " + what);
  }
  void that(bool holds, const std::string& what) const {
    if (!holds) fail(what);
  }
  void range(const std::string& key, std::int64_t value, std::int64_t low,
             std::int64_t high) const {
    that(value >= low && value <= high, key + " = " + to_string(value) + " is not between " +
                                            to_string(low) + " and " + to_string(high));
  }
  void equal(const std::string& key, std::int64_t value, const std::string& other_key,
             std::int64_t other) const {
    that(value == other, key + " = " + to_string(value) + " does not agree with " + other_key +
                             " = " + to_string(other));
  }
  template <class T>
  void per_level(const std::string& key, const std::vector<T>& values, std::size_t levels) const {
    equal("the length of " + key, std::int64_t(values.size()), "the number of levels",
          std::int64_t(levels));
  }
  /// Widths of all levels, and whether the norms divide them.
  void levels(const std::string& table, std::int64_t channels, std::int64_t norm_groups,
              const std::vector<std::int64_t>& channel_mult) const {
    range(table + ".channel_mult's length", std::int64_t(channel_mult.size()), 1, 8);
    range(table + ".norm_groups", norm_groups, 1, 1024);
    for (const auto mult : channel_mult) {
      range(table + ".channel_mult", mult, 1, 64);
      that(channels * mult % norm_groups == 0, table + ".norm_groups = " + to_string(norm_groups) +
                                                   " does not divide the width " +
                                                   to_string(channels * mult));
    }
  }
};

void validate_unet(const ModelConfig& config, const Check& check) {
  const UNetConfig& c = *config.unet;
  check.range("unet.model_channels", c.model_channels, 1, 8192);
  check.that(c.model_channels % 2 == 0, "unet.model_channels must be even");
  check.levels("unet", c.model_channels, c.norm_groups, c.channel_mult);
  const std::size_t levels = c.channel_mult.size();
  check.per_level("unet.res_blocks", c.res_blocks, levels);
  check.per_level("unet.transformer_depth", c.transformer_depth, levels);
  check.per_level("unet.self_attention", c.self_attention, levels);
  for (const auto blocks : c.res_blocks) check.range("unet.res_blocks", blocks, 1, 16);
  for (const auto depth : c.transformer_depth) check.range("unet.transformer_depth", depth, 0, 64);
  check.range("unet.middle_transformer_depth", c.middle_transformer_depth, 0, 64);
  check.range("unet.heads", c.heads, 0, 1024);
  check.range("unet.channels_per_head", c.channels_per_head, 0, 8192);
  check.that((c.heads > 0) != (c.channels_per_head > 0),
             "unet needs either heads or channels_per_head, and not both");
  for (const auto mult : c.channel_mult) {
    const std::int64_t divisor = c.heads ? c.heads : c.channels_per_head;
    check.that(c.model_channels * mult % divisor == 0,
               "unet: " + to_string(divisor) +
                   " (heads or channels_per_head) does not divide the " + "width " +
                   to_string(c.model_channels * mult));
  }
  check.range("unet.class_count", c.class_count, 0, 1 << 20);

  check.equal("unet.out_channels", c.out_channels, "latent.channels", config.latent.channels);
  check.equal("unet.in_channels", c.in_channels, "latent.channels + concat.channels",
              config.latent.channels + config.concat.channels);

  std::int64_t context = 0, vector = 0;
  for (const auto& encoder : config.text_encoders) context += encoder.width;
  // Without an encoder the context comes from outside (retrieval-augmented diffusion).
  if (context > 0) {
    check.equal("unet.context_width", c.context_width.value_or(0), "the encoders' width", context);
  }
  check.range("unet.context_width", c.context_width.value_or(1), 1, 65536);
  for (const auto part : config.vector) vector += vector_part_width(config, part);
  check.equal("unet.vector_width", c.vector_width, "the width of vector.parts", vector);
}

void validate_noise_augment(const ModelConfig& config, const Check& check) {
  const NoiseAugmentConfig& c = *config.noise_augment;
  check.range("noise_augment.steps", c.schedule.steps, 2, 1 << 16);
  check.range("noise_augment.max_level", c.max_level, 0, c.schedule.steps - 1);
  const std::int64_t classes = config.unet ? config.unet->class_count : 0;
  if (classes > 0) check.range("noise_augment.max_level", c.max_level, 0, classes - 1);
}

void validate_image_encoder(const ModelConfig& config, const Check& check) {
  const ClipImageConfig& c = config.image_encoder->clip;
  check.range("image_encoder.image_size", c.image_size, 1, 4096);
  check.range("image_encoder.patch_size", c.patch_size, 1, c.image_size);
  check.range("image_encoder.width", c.width, 1, 65536);
  check.range("image_encoder.layers", c.layers, 1, 512);
  check.range("image_encoder.heads", c.heads, 1, 1024);
  check.range("image_encoder.mlp_ratio", c.mlp_ratio, 1, 64);
  check.that(c.width % c.heads == 0, "image_encoder.heads does not divide its width");
  check.that(c.activation == "gelu" || c.activation == "quick_gelu",
             "image_encoder.activation = '" + c.activation + "' is not gelu or quick_gelu");
  check.equal("image_encoder.projection", c.projection, "the vector's image_embedding",
              vector_part_width(config, VectorPart::ImageEmbedding));
  check.that(config.noise_augment.has_value(), "image_encoder needs noise_augment");
}

void validate_encoder(const TextEncoderConfig& c, const Check& check) {
  check.range("text_encoders.vocabulary", c.vocabulary, 1, 1 << 24);
  check.range("text_encoders.positions", c.positions, 1, 1 << 16);
  check.range("text_encoders.width", c.width, 1, 65536);
  check.range("text_encoders.layers", c.layers, 1, 512);
  check.range("text_encoders.heads", c.heads, 1, 1024);
  check.range("text_encoders.mlp_ratio", c.mlp_ratio, 1, 64);
  check.range("text_encoders.projection", c.projection, 1, 65536);
  if (c.kind == EncoderKind::Clip || c.kind == EncoderKind::OpenClip) {
    check.that(c.width % c.heads == 0, "text_encoders.heads does not divide its width");
  }
  check.that(c.activation == "gelu" || c.activation == "quick_gelu",
             "text_encoders.activation = '" + c.activation + "' is not gelu or quick_gelu");
  check.that(c.causal || c.kind == EncoderKind::OpenClip,
             "text_encoders.causal = false is for kind = \"open_clip\"");
  check.that((c.tokenizer == TokenizerKind::File) == !c.tokenizer_file.empty(),
             "text_encoders.tokenizer_file belongs to tokenizer = \"file\"");
  check.that(c.tokenizer_file.find('/') == std::string::npos && !c.tokenizer_file.starts_with('.'),
             "text_encoders.tokenizer_file must be a plain file name");
}

}  // namespace

std::int64_t vector_part_width(const ModelConfig& config, VectorPart part) {
  switch (part) {
    case VectorPart::Pooled:
      return config.text_encoders.empty() ? 0 : config.text_encoders.back().projection;
    case VectorPart::OriginalSize:
    case VectorPart::CropTopLeft:
    case VectorPart::TargetSize:
      return 2 * kNumberWidth;
    case VectorPart::AestheticScore:
      return kNumberWidth;
    case VectorPart::ImageEmbedding:
    case VectorPart::NoiseLevel:  // half of the vector each
      return config.unet ? config.unet->vector_width / 2 : 0;
  }
  return 0;
}

void validate(const ModelConfig& config, const std::string& file_name) {
  const Check check{file_name};
  check.that(!config.family.empty(), "family must not be empty");

  const AutoencoderConfig& a = config.autoencoder;
  check.range("latent.channels", config.latent.channels, 1, 1024);
  check.that(std::isfinite(config.latent.scale) && config.latent.scale != 0,
             "latent.scale must be a finite number other than 0");
  check.range("autoencoder.image_channels", a.image_channels, 1, 16);
  check.range("autoencoder.channels", a.channels, 1, 4096);
  check.range("autoencoder.res_blocks", a.res_blocks, 1, 16);
  check.range("autoencoder.z_channels", a.z_channels, 1, 1024);
  check.levels("autoencoder", a.channels, a.norm_groups, a.channel_mult);
  check.equal("latent.downsample", config.latent.downsample, "the autoencoder's", a.downsample());
  check.range("autoencoder.codebook_size", a.codebook_size, 0, 1 << 24);
  check.that((config.autoencoder_kind == AutoencoderKind::VQ) == (a.codebook_size > 0),
             "autoencoder.codebook_size belongs to kind = \"vq\"");

  check.range("concat.channels", config.concat.channels, 0, 1024);
  check.that((config.concat.kind == ConcatKind::None) == (config.concat.channels == 0),
             "concat needs both kind and channels");
  if (config.concat.kind == ConcatKind::LabelMap) {
    check.range("concat.labels", config.concat.labels, 1, 1 << 16);
    check.range("concat.stages", config.concat.stages, 1, 8);
  }
  for (const auto& encoder : config.text_encoders) validate_encoder(encoder, check);
  if (config.unet) validate_unet(config, check);
  if (config.noise_augment) validate_noise_augment(config, check);
  if (config.image_encoder) validate_image_encoder(config, check);

  const DefaultsConfig& d = config.defaults;
  check.range("defaults.steps", d.steps, 1, 10000);
  for (const auto size : {d.width, d.height}) {
    check.range("defaults.width and height", size, 1, 1 << 16);
    check.that(size % config.latent.downsample == 0, "defaults: the size " + to_string(size) +
                                                         " is not a multiple of " +
                                                         to_string(config.latent.downsample));
  }
}

}  // namespace sfumato
