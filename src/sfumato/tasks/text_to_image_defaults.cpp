#include <algorithm>
#include <string>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/sampling/names.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/model_sampling.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

[[noreturn]] void refuse_family(const ModelConfig& config, const std::string& why,
                                const std::string& hint) {
  throw Error(ErrorKind::Unsupported, "model '" + config.family + "' " + why, hint);
}

void expect_prompted(const ModelConfig& config) {
  if (!config.unet) {
    refuse_family(config, "is an autoencoder on its own", "text-to-image needs a whole model");
  }
  if (config.text_encoders.empty()) {
    refuse_family(config, "is not conditioned on text", "it takes no prompt");
  }
  for (const auto& encoder : config.text_encoders) {
    if (encoder.kind != EncoderKind::Class) continue;
    refuse_family(config, "is conditioned on classes", "it takes no prompt");
  }
}

// Sampler and spacing under our names; by default as the model's own scheduler_config.json says.
void fill_in_sampling(TextToImageRequest& request, const ModelConfig& config) {
  if (!request.sampler && !request.spacing && !config.scheduler.empty()) {
    request.spacing = kModelSpacing;
  }
  if (request.spacing == kModelSpacing) {
    const std::string_view own = model_sampler(config);
    if (request.sampler && find_sampler(*request.sampler).name != own) {
      throw Error(ErrorKind::InvalidArgument,
                  "--spacing model goes with the model's own sampler, " + std::string(own) +
                      ", not with " + *request.sampler,
                  "leave --sampler out");
    }
    request.sampler = own;
    return;
  }
  if (!request.sampler) {
    request.sampler = config.defaults.sampler;
    if (!request.spacing) request.spacing = config.defaults.spacing;
  }
  const SamplerName named = resolve_sampler(*request.sampler);
  const auto& sampler = find_sampler(named.sampler);
  request.sampler = sampler.name;
  if (!request.spacing) request.spacing = named.spacing.value_or(sampler.spacing);
  request.spacing = find_spacing(*request.spacing).name;
}

// As many pictures as keep the activations of a step at about those of two 512x512 pictures.
int default_batch(const TextToImageRequest& request) {
  const std::int64_t pixels = std::int64_t{*request.width} * *request.height;
  const auto fitting = std::clamp<std::int64_t>(2 * 512 * 512 / pixels, 1, 16);
  return std::min(request.count, static_cast<int>(fitting));
}

}  // namespace

void expect_multiple(const char* flag, int value, int multiple) {
  if (value > 0 && value % multiple == 0) return;
  const int below = value / multiple * multiple;
  const std::string above = std::to_string(below + multiple);
  throw Error(ErrorKind::InvalidArgument,
              std::string("--") + flag + ": expected a multiple of " + std::to_string(multiple) +
                  ", found " + std::to_string(value),
              "try " + (below > 0 ? std::to_string(below) + " or " + above : above));
}

// Sizes must survive the autoencoder's and the U-Net's halvings without a rest.
int size_multiple(const ModelConfig& config) {
  const auto halvings = static_cast<int>(config.unet->channel_mult.size()) - 1;
  return static_cast<int>(config.latent.downsample) << halvings;
}

bool uses_eta(std::string_view sampler) {
  const auto& info = find_sampler(sampler);
  return info.stochastic || info.name == "ddim";  // ddim draws noise only with eta > 0
}

void fill_in_defaults(TextToImageRequest& request, const ModelConfig& config) {
  expect_prompted(config);
  expect_channels(config, "txt2img", {ConcatKind::None, ConcatKind::MaskedLatent});
  fill_in_open_fields(request, config);
}

void fill_in_open_fields(TextToImageRequest& request, const ModelConfig& config) {
  expect_prompted(config);
  const DefaultsConfig& defaults = config.defaults;
  if (!request.width) request.width = static_cast<int>(defaults.width);
  if (!request.height) request.height = static_cast<int>(defaults.height);
  if (!request.steps) request.steps = static_cast<int>(defaults.steps);
  if (!request.guidance) request.guidance = defaults.guidance;
  fill_in_sampling(request, config);
  const auto& sampler = find_sampler(*request.sampler);
  if (!request.noise) request.noise = "torch_cpu";
  if (*request.noise != "torch_cpu" && *request.noise != "philox") {
    throw Error(ErrorKind::InvalidArgument, "unknown noise '" + *request.noise + "'",
                "one of: torch_cpu, philox");
  }
  const int multiple = size_multiple(config);
  expect_multiple("width", *request.width, multiple);
  expect_multiple("height", *request.height, multiple);
  if (!request.batch) request.batch = default_batch(request);
  if (sampler.has(kOneImage)) request.batch = 1;
}

}  // namespace sfumato
