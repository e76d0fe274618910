#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/family/prompt_conditioner.h"
#include "sfumato/request/sampling_settings.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/prompt_networks.h"
#include "sfumato/tensor/random/variation.h"
#include "sfumato/text/extra_networks.h"
#include "sfumato/text/prompt_styles.h"
#include "sfumato/text/wildcards.h"

namespace sfumato {

/// What a request may name besides words.
struct PromptSources {
  Wildcards wildcards = {};
  PromptNetworks* networks = nullptr;  ///< null: none are known
  const Model* refiner = nullptr;      ///< the model of RefinerSettings, where they ask for one
};

/// The prompts of one picture: those of `asked` without comments, its random choices made.
PromptPair picture_prompts(const PromptPair& asked, const Wildcards& wildcards, std::uint64_t seed);

/// The same with the tags <lora:...> taken out of the prompt. Throws Unsupported for other tags.
struct PictureWords {
  PromptPair texts;
  std::vector<LoraUse> loras;
};
PictureWords picture_words(const PromptPair& asked, const Wildcards& wildcards, std::uint64_t seed);

/// What a call paints.
struct PaintCall {
  const Model& model;
  const TextToImageRequest& request;  ///< with its defaults filled in
  const SamplingSettings& settings;
  const PromptSources& sources;
  const Observer& observer;
  std::optional<PromptPair> second_prompts = std::nullopt;  ///< of a second pass, if it has its own
  /// Width and height of the largest picture that the network sees at once; unset: the request's.
  std::optional<std::pair<int, int>> network_size = std::nullopt;
};

/// Seeds of the i-th picture of a call. With a variation strength the seed stays and the variation
/// seed counts on, as in A1111's web UI.
struct PictureSeeds {
  std::uint64_t seed, variation_seed;
};
PictureSeeds picture_seeds(const TextToImageRequest& request, const SamplingSettings& settings,
                           int index);

/// Pictures that are painted together, all with the same LoRAs.
struct PictureBatch {
  const PaintCall& call;
  int first = 0;  ///< the index of its first picture
  std::vector<PictureSeeds> seeds = {};
  std::vector<PromptPair> texts = {}, second_texts = {};  ///< without wildcards and tags
  std::vector<LoraUse> loras = {}, second_loras = {};

  int size() const { return static_cast<int>(seeds.size()); }
  /// Makes the LoRAs of a pass work and reads the embeddings that its prompts name.
  PromptOptions prompt_options(bool second = false) const;
  /// Where each picture's noise comes from.
  std::vector<ImageNoiseOptions> noise() const;
  /// Tells the observer that a step of this batch is done; throws if the call is cancelled.
  void step_done(int step, int steps, const at::Tensor& estimate) const;
};

/// Throws InvalidArgument for a request, apart from its seed, without its defaults.
void expect_filled_in(const TextToImageRequest& request);
/// Throws InvalidArgument for a call that lacks its defaults, its seed or the seed to mix in.
void expect_ready(const PaintCall& call);

/// What every call begins with: expect_ready(), a note of how the model's author samples where the
/// request does so, and how many of its pictures can be painted together (see memory.h).
int begin_painting(const PaintCall& call);

/// Calls `paint` for one batch after another and hands its pictures on. Batches that do not fit
/// into memory are halved (see memory.h), also those of which that turns out too late.
Painted paint_batches(
    const PaintCall& call,
    const std::function<std::vector<Image>(const PictureBatch&, Painted::Seconds&)>& paint);

}  // namespace sfumato
