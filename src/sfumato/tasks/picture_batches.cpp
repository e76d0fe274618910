#include "sfumato/tasks/picture_batches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/memory.h"
#include "sfumato/tasks/model_sampling.h"
#include "sfumato/tensor/memory.h"
#include "sfumato/text/prompt_attention.h"
#include "sfumato/text/prompt_parts.h"

namespace sfumato {
namespace {

// The pictures from `first` on that can be painted together.
PictureBatch next_batch(const PaintCall& call, int first, int most) {
  PictureBatch batch{.call = call, .first = first};
  const PromptPair asked{call.request.prompt, call.request.negative_prompt};
  while (batch.size() < most && first + batch.size() < call.request.count) {
    const auto seeds = picture_seeds(call.request, call.settings, first + batch.size());
    PictureWords words = picture_words(asked, call.sources.wildcards, seeds.seed), second = words;
    if (call.second_prompts) {
      second = picture_words(*call.second_prompts, call.sources.wildcards, seeds.seed);
    }
    if (batch.size() == 0) {
      batch.loras = words.loras;
      batch.second_loras = second.loras;
    } else if (words.loras != batch.loras || second.loras != batch.second_loras) {
      break;
    }
    batch.seeds.push_back(seeds);
    batch.texts.push_back(std::move(words.texts));
    batch.second_texts.push_back(std::move(second.texts));
  }
  return batch;
}

int first_batch_size(const PaintCall& call) {
  const auto [width, height] =
      call.network_size.value_or(std::pair{*call.request.width, *call.request.height});
  int batch = std::min(*call.request.batch, call.request.count);
  for (const Model* model : {&call.model, call.sources.refiner}) {
    if (!model) continue;
    batch = fitting_batch(*model, width, height, batch, free_memory_for(*model), call.observer);
  }
  return batch;
}

// Nothing when memory ran out for a batch that can be made smaller.
std::optional<std::vector<Image>> try_to_paint(
    const PictureBatch& batch,
    const std::function<std::vector<Image>(const PictureBatch&, Painted::Seconds&)>& paint,
    Painted::Seconds& seconds) {
  try {
    return paint(batch, seconds);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error) || batch.size() == 1) throw;
  }
  batch.call.observer.on_note("note: out of memory with " + std::to_string(batch.size()) +
                              " pictures at once; painting " + std::to_string(batch.size() / 2));
  return std::nullopt;
}

}  // namespace

void expect_filled_in(const TextToImageRequest& request) {
  const bool ready = request.width && request.height && request.steps && request.guidance &&
                     request.sampler && request.spacing && request.noise && request.batch;
  if (ready) return;
  throw Error(ErrorKind::InvalidArgument, "the request still has open fields",
              "fill it with with_defaults()");
}

void expect_ready(const PaintCall& call) {
  expect_filled_in(call.request);
  if (!call.request.seed) throw Error(ErrorKind::InvalidArgument, "the request has no seed");
  check(call.settings);
  if (call.settings.variation_strength > 0.0 && !call.settings.variation_seed) {
    throw Error(ErrorKind::InvalidArgument, "--variation-strength without --variation-seed",
                "say which seed to mix in");
  }
}

int begin_painting(const PaintCall& call) {
  expect_ready(call);
  if (call.request.spacing == kModelSpacing) {
    call.observer.on_note(describe_model_sampling(call.model.config));
  }
  return first_batch_size(call);
}

PromptPair picture_prompts(const PromptPair& asked, const Wildcards& wildcards,
                           std::uint64_t seed) {
  return {fill_wildcards(strip_comments(asked.prompt), wildcards, seed),
          fill_wildcards(strip_comments(asked.negative_prompt), wildcards, seed)};
}

PictureWords picture_words(const PromptPair& asked, const Wildcards& wildcards,
                           std::uint64_t seed) {
  PromptPair filled = picture_prompts(asked, wildcards, seed);
  PromptWithNetworks found = extract_networks(filled.prompt);
  for (const auto& network : found.networks) {
    if (network.kind == "lora" || network.kind == "lyco") continue;
    throw Error(ErrorKind::Unsupported, "the prompt asks for a <" + network.kind + ":...>",
                "only <lora:NAME:WEIGHT> is known");
  }
  return {{std::move(found.prompt), std::move(filled.negative_prompt)}, lora_uses(found.networks)};
}

PictureSeeds picture_seeds(const TextToImageRequest& request, const SamplingSettings& settings,
                           int index) {
  const auto further = static_cast<std::uint64_t>(index);
  const bool varied = settings.variation_strength > 0.0;
  return {.seed = request.seed.value_or(0) + (varied ? 0 : further),
          .variation_seed = settings.variation_seed.value_or(0) + further};
}

PromptOptions PictureBatch::prompt_options(bool second) const {
  const auto& uses = second ? second_loras : loras;
  PromptNetworks* networks = call.sources.networks;
  if (!networks && !uses.empty()) {
    throw Error(ErrorKind::NotFound, "no LoRA '" + uses.front().name + "'",
                "put its file into the folder loras of --models-dir");
  }
  PromptOptions options;
  options.emphasis = parse_emphasis(call.settings.emphasis);
  options.clip_skip = call.settings.clip_skip.value_or(0);
  if (!networks) return options;
  for (const auto& line : networks->use(uses)) call.observer.on_note(line);
  std::vector<std::string> said;
  for (const auto& pair : second ? second_texts : texts) {
    said.push_back(pair.prompt);
    said.push_back(pair.negative_prompt);
  }
  options.words = networks->words_in(said);
  return options;
}

std::vector<ImageNoiseOptions> PictureBatch::noise() const {
  const auto cell = static_cast<int>(call.model.config.latent.downsample);
  std::vector<ImageNoiseOptions> options;
  for (const auto& [seed, variation] : seeds) {
    options.push_back(noise_options(call.request, call.settings, seed, variation, cell));
  }
  return options;
}

void PictureBatch::step_done(int step, int steps, const at::Tensor& estimate) const {
  call.observer.on_estimate(estimate, first);
  call.observer.on_step({step, steps, first, size(), call.request.count});
  call.observer.cancel.throw_if_cancelled();
}

Painted paint_batches(
    const PaintCall& call,
    const std::function<std::vector<Image>(const PictureBatch&, Painted::Seconds&)>& paint) {
  const at::NoGradGuard no_grad;
  Painted result;
  int most = begin_painting(call);
  for (int first = 0; first < call.request.count;) {
    const PictureBatch batch = next_batch(call, first, most);
    auto painted = try_to_paint(batch, paint, result.seconds);
    if (!painted) {
      most = batch.size() / 2;
      continue;
    }
    std::vector<Image>& images = *painted;
    for (int i = 0; i < batch.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      call.observer.on_image(images[at], batch.seeds[at].seed, first + i);
      result.images.push_back(std::move(images[at]));
      result.seeds.push_back(batch.seeds[at].seed);
    }
    first += batch.size();
  }
  return result;
}

}  // namespace sfumato
