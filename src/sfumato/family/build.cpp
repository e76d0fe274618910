#include "sfumato/family/build.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/models/bert_text_model.h"
#include "sfumato/models/class_embedder.h"
#include "sfumato/models/clip_text_model.h"
#include "sfumato/models/open_clip_text_model.h"

namespace sfumato {
namespace {

using Encode = decltype(TextEncoder::run);
using Words = std::span<const TokenVectors>;

// Which hidden state, counted from the end, becomes the context.
std::int64_t depth(const TextEncoderConfig& config, std::int64_t clip_skip) {
  if (clip_skip < 0 || clip_skip > config.layers) {
    throw Error(ErrorKind::InvalidArgument, "clip skip " + std::to_string(clip_skip) +
                                                ": the text encoder has " +
                                                std::to_string(config.layers) + " layers");
  }
  return std::max<std::int64_t>(clip_skip, config.take == Take::Last ? 1 : 2);
}

Encode encode_with(ClipTextModel model, const TextEncoderConfig& config) {
  return [=](const at::Tensor& ids, std::int64_t clip_skip, Words words) mutable -> EncodedText {
    const std::int64_t skip = depth(config, clip_skip);
    const ClipTextHidden hidden = model->forward(ids, std::max<std::int64_t>(skip, 2), words);
    if (skip == 1) return {hidden.last, std::nullopt};
    const bool normed = config.take != Take::Penultimate;
    return {normed ? hidden.penultimate_ln : hidden.penultimate, std::nullopt};
  };
}

Encode encode_with(OpenClipTextModel model, const TextEncoderConfig& config) {
  return [=](const at::Tensor& ids, std::int64_t clip_skip, Words words) mutable -> EncodedText {
    const std::int64_t skip = depth(config, clip_skip);
    const TextFeatures features = model->forward(ids, std::max<std::int64_t>(skip, 2), words);
    if (skip == 1) return {features.last, features.pooled};
    const bool normed = config.take != Take::Penultimate;
    return {normed ? model->final_norm(features.penultimate) : features.penultimate,
            features.pooled};
  };
}

void build_modules(TextEncoder& encoder) {
  const TextEncoderConfig& c = encoder.config;
  switch (c.kind) {
    case EncoderKind::Clip: {
      ClipTextModel model(ClipTextConfig{.vocabulary = c.vocabulary,
                                         .positions = c.positions,
                                         .width = c.width,
                                         .layers = c.layers,
                                         .heads = c.heads,
                                         .mlp_width = c.mlp_ratio * c.width,
                                         .activation = c.activation});
      encoder.module = model.ptr();
      encoder.run = encode_with(model, c);
      return;
    }
    case EncoderKind::OpenClip: {
      OpenClipTextModel model(OpenClipTextConfig{.vocabulary = c.vocabulary,
                                                 .positions = c.positions,
                                                 .width = c.width,
                                                 .layers = c.layers,
                                                 .heads = c.heads,
                                                 .mlp_ratio = c.mlp_ratio,
                                                 .projection = c.projection,
                                                 .activation = c.activation,
                                                 .causal = c.causal});
      encoder.module = model.ptr();
      encoder.run = encode_with(model, c);
      return;
    }
    case EncoderKind::Bert: {
      BertTextModel model(BertTextConfig{.vocabulary = c.vocabulary,
                                         .positions = c.positions,
                                         .width = c.width,
                                         .layers = c.layers,
                                         .heads = c.heads});
      encoder.module = model.ptr();
      encoder.run = [=](const at::Tensor& ids, std::int64_t, Words) mutable -> EncodedText {
        return {model->forward(ids), std::nullopt};
      };
      return;
    }
    case EncoderKind::Class: {
      ClassEmbedder model(c.vocabulary, c.width);
      encoder.module = model.ptr();
      encoder.run = [=](const at::Tensor& classes, std::int64_t, Words) mutable -> EncodedText {
        return {model->forward(classes), std::nullopt};
      };
      return;
    }
  }
}

void build_tokenizer(TextEncoder& encoder, const std::string& tokenizer_text) {
  const TextEncoderConfig& c = encoder.config;
  switch (c.tokenizer) {
    case TokenizerKind::None:
    case TokenizerKind::Bert:
      return;
    case TokenizerKind::Clip:
      encoder.tokenizer = std::make_shared<ClipTokenizer>(ClipTokenizer::original(
          c.kind == EncoderKind::Clip ? SpecialTokens::OpenAi : SpecialTokens::OpenClip));
      break;
    case TokenizerKind::File:
      if (tokenizer_text.empty()) return;
      encoder.tokenizer = std::make_shared<ClipTokenizer>(
          ClipTokenizer::from_text(tokenizer_text, c.tokenizer_file));
      encoder.tokenizer_text = tokenizer_text;
      break;
  }
  if (encoder.tokenizer->vocabulary() != c.vocabulary) {
    throw Error(ErrorKind::Corrupt,
                "the tokenizer has " + std::to_string(encoder.tokenizer->vocabulary()) +
                    " ids, the family's text encoder " + std::to_string(c.vocabulary));
  }
}

ImageEncoder build_image_encoder(const ImageEncoderConfig& config, nn::Init init) {
  ImageEncoder encoder;
  encoder.clip = ClipImageModel(config.clip);
  encoder.clip->eval();
  const auto device = init == nn::Init::Meta ? at::kMeta : at::kCPU;
  const auto options = at::TensorOptions(at::kFloat).device(device);
  encoder.mean = at::zeros({1, config.clip.projection}, options);
  encoder.deviation = at::ones({1, config.clip.projection}, options);
  return encoder;
}

Autoencoder build_autoencoder(const ModelConfig& config) {
  Autoencoder autoencoder;
  autoencoder.latent = config.latent;
  switch (config.autoencoder_kind) {
    case AutoencoderKind::KL:
      autoencoder.kl = AutoencoderKL(config.autoencoder);
      break;
    case AutoencoderKind::VQ:
      autoencoder.vq = AutoencoderVQ(config.autoencoder);
      break;
  }
  return autoencoder;
}

}  // namespace

Model build_model(const ModelConfig& config, const std::string& tokenizer_text, nn::Init init,
                  std::uint64_t seed) {
  const nn::InitGuard guard(init, seed);
  Model model;
  model.config = config;
  if (config.unet) model.unet = UNet(*config.unet);
  model.autoencoder = build_autoencoder(config);
  for (const auto& encoder_config : config.text_encoders) {
    auto& encoder = model.text_encoders.emplace_back();
    encoder.config = encoder_config;
    build_modules(encoder);
    if (init != nn::Init::Meta) build_tokenizer(encoder, tokenizer_text);
    encoder.module->eval();
  }
  if (config.image_encoder) model.image_encoder = build_image_encoder(*config.image_encoder, init);
  if (config.concat.kind == ConcatKind::LabelMap) {
    model.label_rescaler =
        SpatialRescaler(SpatialRescalerConfig{.stages = config.concat.stages,
                                              .in_channels = config.concat.labels,
                                              .out_channels = config.concat.channels});
    model.label_rescaler->eval();
  }
  if (model.unet) model.unet->eval();
  model.autoencoder.module().eval();
  return model;
}

}  // namespace sfumato
