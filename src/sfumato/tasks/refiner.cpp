#include "sfumato/tasks/refiner.h"

#include <string>

#include "sfumato/base/error.h"
#include "sfumato/family/noise_augment.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

bool same_latents(const LatentConfig& a, const LatentConfig& b) {
  return a.channels == b.channels && a.downsample == b.downsample && a.scale == b.scale &&
         a.shift == b.shift;
}

}  // namespace

void expect_refiner(const RefinerSettings& settings, const Model& model, const Model* refiner,
                    int width, int height) {
  if (!settings.refiner_enabled()) return;
  if (!refiner) {
    throw Error(ErrorKind::InvalidArgument,
                "the refiner '" + *settings.refiner + "' was not loaded with the model");
  }
  const ModelConfig& config = refiner->config;
  const std::string family =
      "--refiner " + *settings.refiner + ": models of the family " + config.family + " ";
  if (!config.unet || config.text_encoders.empty()) {
    throw Error(ErrorKind::Unsupported, family + "cannot paint a prompt");
  }
  if (config.concat.kind != ConcatKind::None || reads_pictures(config)) {
    throw Error(ErrorKind::Unsupported, family + "need more than a latent to go on with");
  }
  if (!same_latents(config.latent, model.config.latent)) {
    throw Error(ErrorKind::Unsupported,
                family + "have other latents than those of " + model.config.family,
                "an SDXL refiner goes with SDXL models");
  }
  expect_multiple("width", width, size_multiple(config));
  expect_multiple("height", height, size_multiple(config));
}

std::optional<RefinerRun> refiner_run(const PictureBatch& batch, const RefinerSettings& settings,
                                      std::span<const PromptPair> texts, const PromptSteps& steps,
                                      int width, int height) {
  if (!settings.refiner_enabled()) return std::nullopt;
  const Model& refiner = *batch.call.sources.refiner;
  PromptOptions options;
  options.emphasis = parse_emphasis(batch.call.settings.emphasis);
  options.clip_skip = batch.call.settings.clip_skip.value_or(0);
  return RefinerRun{.model = &refiner,
                    .from = settings.refiner_switch,
                    .prompts = condition_batch(refiner, texts, steps, width, height, options,
                                               batch.call.observer)};
}

}  // namespace sfumato
