#include "sfumato/family/tiny_decoder_file.h"

#include <ATen/ATen.h>

#include <array>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/embedded_scenes.h"
#include "sfumato/nn/init.h"

namespace sfumato {

namespace {

// TAESD has 20, 64 and 3.
constexpr std::int64_t kMostPlaces = 64, kMostChannels = 4096, kMostUpsamplings = 5;

/// What stands before the places of its layers, and what those count from.
struct Naming {
  std::string_view prefix;
  int first;
};
// The longer ones first: the last is a part of all.
constexpr std::array kNamings{Naming{"decoder.layers.", 0}, Naming{"taesd_decoder.", 1},
                              Naming{"decoder.", 1}, Naming{"", 1}};

// "7.conv.0.weight" -> 7; -1 for other names.
int place_of(const std::string& name) {
  const auto dot = name.find('.');
  if (dot == 0 || dot == name.npos || dot > 2) return -1;
  int place = 0;
  for (std::size_t i = 0; i < dot; ++i) {
    if (name[i] < '0' || name[i] > '9') return -1;
    place = 10 * place + (name[i] - '0');
  }
  return place;
}

/// Its tensors under TAESD's names; empty if there are none.
TensorMap in_taesd_names(const TensorMap& tensors) {
  for (const auto& naming : kNamings) {
    const std::string first = std::to_string(naming.first) + ".weight";
    if (!tensors.contains(std::string(naming.prefix) + first)) continue;
    TensorMap result;
    for (const auto& [name, tensor] : with_prefix_removed(tensors, std::string(naming.prefix))) {
      const int place = place_of(name);
      if (place < 0) continue;
      result[std::to_string(place + 1 - naming.first) + name.substr(name.find('.'))] = tensor;
    }
    return result;
  }
  return {};
}

Error not_tiny(const std::string& name) {
  return {ErrorKind::Unsupported, name + ": no decoder of a tiny autoencoder",
          "--taesd takes taesd_decoder.safetensors, or diffusers' AutoencoderTiny"};
}

TinyDecoderConfig config_of(const TensorMap& tensors, const std::string& name) {
  const at::Tensor& first = tensors.at("1.weight");
  TinyDecoderConfig config{.upsamplings = 0};
  if (first.dim() == 4) {
    config.channels = first.size(0);
    config.latent_channels = first.size(1);
  }
  std::int64_t blocks = 0;
  for (std::int64_t place = 0; place < kMostPlaces; ++place) {
    const std::string at = std::to_string(place);
    blocks += tensors.contains(at + ".conv.0.weight");
    config.upsamplings += tensors.contains(at + ".weight") && !tensors.contains(at + ".bias");
  }
  const bool sound = first.dim() == 4 && 0 < config.channels && config.channels <= kMostChannels &&
                     0 < config.upsamplings && config.upsamplings <= kMostUpsamplings &&
                     (blocks - 1) % config.upsamplings == 0;
  if (!sound) throw not_tiny(name);
  config.blocks = (blocks - 1) / config.upsamplings;
  return config;
}

void expect_for(const LatentConfig& latent, const TinyDecoderConfig& config,
                const std::string& name) {
  const auto kind = [](std::int64_t channels, std::int64_t downsample) {
    return std::to_string(channels) + " channels at 1/" + std::to_string(downsample) +
           " of the size";
  };
  const std::int64_t downsample = std::int64_t{1} << config.upsamplings;
  if (config.latent_channels == latent.channels && downsample == latent.downsample) return;
  throw Error(ErrorKind::Unsupported,
              name + ": decodes latents of " + kind(config.latent_channels, downsample) +
                  ", the model's have " + kind(latent.channels, latent.downsample),
              "leave out --taesd, or take the decoder made for this family");
}

TensorMap tensors_in(const std::string& path_or_name, at::ScalarType dtype) {
  if (path_or_name != "scenes") return open_checkpoint(path_or_name, dtype).tensors;
  if (const auto bytes = embedded_scenes_file("taesd_decoder.safetensors")) {
    return parse_safetensors(*bytes, "scenes");
  }
  throw Error(ErrorKind::NotFound, "this build of the program has no tiny decoder for scenes");
}

}  // namespace

TinyDecoder tiny_decoder_from(const TensorMap& all, const LatentConfig& latent,
                              const std::string& name) {
  const TensorMap tensors = in_taesd_names(all);
  if (tensors.empty()) throw not_tiny(name);
  const TinyDecoderConfig config = config_of(tensors, name);
  expect_for(latent, config, name);
  const nn::InitGuard init(nn::Init::Hollow);  // no memory before the shapes are found to fit
  TinyDecoder decoder(config);
  try {
    move_into(tensors_of(*decoder), tensors, [](const std::string&) {});
  } catch (const Error& e) {
    throw Error(e.kind(), name + ": " + e.what(), e.hint());
  }
  for (auto& parameter : decoder->parameters()) parameter.set_requires_grad(false);
  decoder->eval();
  return decoder;
}

TinyDecoder load_tiny_decoder(const std::string& path_or_name, const LatentConfig& latent,
                              at::Device device, at::ScalarType dtype) {
  TinyDecoder decoder = tiny_decoder_from(tensors_in(path_or_name, dtype), latent, path_or_name);
  decoder->to(device, dtype);
  nn::keep_packed(*decoder.ptr());
  return decoder;
}

}  // namespace sfumato
