#include "sfumato/tasks/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/sampling/run_sampler.h"
#include "sfumato/tasks/sturdy.h"
#include "sfumato/tensor/finite.h"

namespace sfumato {
namespace {

constexpr double kNegativeScore = 2.5;  // the aesthetic score of SDXL's refiner

SizeConditioning size_of(int width, int height) {
  SizeConditioning size;
  size.original_width = size.target_width = width;
  size.original_height = size.target_height = height;
  return size;
}

ScheduledConditioning row_of(const Conditioning& rows, std::int64_t row) {
  ScheduledConditioning result;
  auto& entry = result.entries.emplace_back();
  entry.end_step = std::numeric_limits<int>::max();
  if (rows.context) entry.conditioning.context = rows.context->narrow(0, row, 1);
  if (rows.vector) entry.conditioning.vector = rows.vector->narrow(0, row, 1);
  return result;
}

void give(ScheduledConditioning& schedule, const at::Tensor& concat) {
  for (auto& entry : schedule.entries) entry.conditioning.concat = concat;
}

// Gives every picture's conditionings its channels.
void give_channels(BatchPrompts& prompts, const at::Tensor& concat) {
  for (std::size_t i = 0; i < prompts.prompts.size(); ++i) {
    const auto row = concat.size(0) == 1 ? 0 : static_cast<std::int64_t>(i);
    const at::Tensor own = concat.narrow(0, row, 1);
    for (auto& part : prompts.prompts[i].parts) give(part.schedule, own);
    give(prompts.negatives[i], own);
  }
}

GuidedNetwork guided_network(const Model& model, const BatchPrompts& prompts, const BatchRun& run,
                             const std::shared_ptr<int>& calls, const Observer& observer) {
  GuidedNetwork network{.network = sturdy_network(model, observer),
                        .schedule = NoiseSchedule(model.config.schedule),
                        .prediction = model.config.prediction,
                        .guidance = run.guidance};
  network.guide = [&, calls](ConditionalDenoiser open, double scale, bool both) {
    // Some samplers count guidance in another unit; the scale that is mimicked goes with it.
    std::optional<double> mimic_scale = run.mimic_scale;
    if (mimic_scale && run.guidance != 0.0) *mimic_scale *= scale / run.guidance;
    const PromptGuidance guidance{.scale = scale,
                                  .rescale = run.guidance_rescale,
                                  .prediction = model.config.prediction,
                                  .ask_both = both,
                                  .image_scale = run.image_guidance,
                                  .mimic_scale = mimic_scale,
                                  .mimic = {.percentile = run.mimic_percentile},
                                  .calls = calls};
    return split_guided_by_prompts(std::move(open), prompts.prompts, prompts.negatives, guidance);
  };
  return network;
}

// Whether a share of the timesteps lies behind a noise level, by the nearest entry of the table.
// Source: A1111, modules/sd_samplers_common.py, apply_refiner.
std::function<bool(double)> after_share(const NoiseSchedule& schedule, double share) {
  return [schedule, share](double sigma) {
    const auto steps = static_cast<double>(schedule.steps());
    return steps - 1.0 - static_cast<double>(schedule.closest_entry(sigma)) >= share * steps;
  };
}

bool is_sound(const ScheduledConditioning& schedule) {
  return std::all_of(schedule.entries.begin(), schedule.entries.end(), [](const auto& entry) {
    const Conditioning& cond = entry.conditioning;
    return (!cond.context || all_finite(*cond.context)) &&
           (!cond.vector || all_finite(*cond.vector));
  });
}

bool is_sound(const PromptConditioning& prompt) {
  return std::all_of(prompt.parts.begin(), prompt.parts.end(),
                     [](const auto& part) { return is_sound(part.schedule); });
}

/// Conditions texts with the model, and those whose conditioning it cannot hold, each for itself,
/// with wider ones (sturdy.h).
class SturdyTexts {
 public:
  SturdyTexts(const Model& model, const Observer& observer) : models_{model}, observer_(observer) {}

  template <class Condition>
  auto condition(const Condition& with) {
    auto result = with(models_.front());
    for (std::size_t i = 1; !is_sound(result); ++i) {
      if (i == models_.size()) {
        models_.push_back(for_another_try(models_.back(), WidePart::TextEncoders, observer_));
      }
      result = with(models_[i]);
    }
    return result;
  }

 private:
  std::vector<Model> models_;
  const Observer& observer_;
};

}  // namespace

BatchPrompts condition_batch(const Model& model, std::span<const PromptPair> texts,
                             const PromptSteps& steps, int width, int height,
                             const PromptOptions& options, const Observer& observer) {
  const SizeConditioning size = size_of(width, height);
  SizeConditioning negative_size = size;
  negative_size.aesthetic_score = kNegativeScore;
  SturdyTexts sturdy(model, observer);
  // Pictures of one prompt share its conditioning.
  std::map<std::string, PromptConditioning> prompts;
  std::map<std::string, ScheduledConditioning> negatives;
  BatchPrompts batch;
  for (const auto& [prompt, negative] : texts) {
    if (!prompts.contains(prompt)) {
      prompts[prompt] = sturdy.condition([&](const Model& tried) {
        return condition_prompt(tried, prompt, steps, size, options);
      });
    }
    if (!negatives.contains(negative)) {
      negatives[negative] = sturdy.condition([&](const Model& tried) {
        return condition_negative_prompt(tried, negative, steps, negative_size, options);
      });
    }
    batch.prompts.push_back(prompts[prompt]);
    batch.negatives.push_back(negatives[negative]);
  }
  return batch;
}

BatchPrompts condition_captions(const Model& model, std::span<const std::string> captions,
                                const std::string& negative, int width, int height) {
  SizeConditioning size = size_of(width, height);
  const Conditioning cond = condition(model, captions, size);
  size.aesthetic_score = kNegativeScore;
  const Conditioning uncond = condition(model, std::span(&negative, 1), size);
  BatchPrompts batch;
  for (std::size_t i = 0; i < captions.size(); ++i) {
    batch.prompts.push_back({{{row_of(cond, static_cast<std::int64_t>(i)), 1.0}}});
    batch.negatives.push_back(row_of(uncond, 0));
  }
  return batch;
}

int prompt_steps(const SamplerInfo& sampler, int steps) {
  return sampler.has(kTwoCalls) ? 2 * steps : steps;
}

BatchNoise::BatchNoise(std::span<const ImageNoiseOptions> pictures, at::IntArrayRef shape,
                       at::Device device)
    : shape_(shape.vec()), device_(device) {
  for (const auto& options : pictures) {
    streams_.emplace_back(options, shape);
    seeds_.push_back(options.seed);
    source_ = options.source;
  }
}

at::Tensor BatchNoise::next() {
  std::vector<at::Tensor> draws;
  for (auto& stream : streams_) draws.push_back(stream.next());
  return at::stack(draws, 0).to(device_);
}

std::function<at::Tensor(double, double)> BatchNoise::brownian(
    std::span<const double> sigmas) const {
  return brownian_noise(seeds_, source_, shape_, sigmas, device_);
}

ImageNoiseOptions noise_options(const TextToImageRequest& request, const SamplingSettings& settings,
                                std::uint64_t seed, std::uint64_t variation_seed, int latent_cell) {
  ImageNoiseOptions options;
  options.source = *request.noise;
  options.seed = seed;
  if (settings.variation_strength > 0.0) {
    options.variation_seed = variation_seed;
    options.variation_strength = settings.variation_strength;
  }
  if (settings.seed_resize_width && settings.seed_resize_height) {
    options.resize_from = {*settings.seed_resize_height / latent_cell,
                           *settings.seed_resize_width / latent_cell};
  }
  options.seed_delta = static_cast<std::uint64_t>(settings.ensd.value_or(0));
  return options;
}

std::vector<std::int64_t> latent_shape(const Model& model, int width, int height) {
  const LatentConfig& latent = model.config.latent;
  return {latent.channels, height / latent.downsample, width / latent.downsample};
}

at::Tensor denoise_batch(const Model& model, BatchPrompts prompts, const BatchRun& run,
                         const at::Tensor& x, BatchNoise& noise,
                         const std::function<void(const Step&)>& on_step,
                         const Observer& observer) {
  if (run.concat) give_channels(prompts, *run.concat);
  const auto calls = std::make_shared<int>(0);
  GuidedNetwork network = guided_network(model, prompts, run, calls, observer);
  network.wrap = run.wrap;
  if (run.refiner) {
    network.successor = std::make_shared<const GuidedNetwork>(
        guided_network(*run.refiner->model, run.refiner->prompts, run, calls, observer));
    network.succeeds = after_share(network.schedule, run.refiner->from);
  }
  SamplerEnv env;
  env.eta = run.eta;
  env.churn = run.churn;
  env.noise_scale = run.noise_scale;
  env.on_step = on_step;
  env.noise = [&](double, double) { return noise.next(); };
  if (run.noise) {
    env.noise = run.noise;
  } else if (!run.plan && run.sampler->has(kBrownian)) {
    env.noise = noise.brownian(run.sigmas);
  }
  const at::Tensor latents = run.plan ? run_plan(*run.plan, network, x, env)
                                      : run_sampler(*run.sampler, network, x, run.sigmas, env);
  if (all_finite(latents)) return latents;
  throw Error(ErrorKind::Unsupported, "denoising ended in NaN or infinite values",
              "try a lower --guidance, more --steps or another --sampler");
}

}  // namespace sfumato
