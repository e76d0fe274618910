#include "sfumato/tasks/batch.h"

#include <ATen/ATen.h>

#include <limits>
#include <map>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/family/network.h"
#include "sfumato/sampling/run_sampler.h"

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

void expect_finite(const at::Tensor& values, const std::string& what) {
  if (at::isfinite(values).all().item<bool>()) return;
  throw Error(ErrorKind::Unsupported, what + " is not finite",
              "try --precision float32, or a lower --guidance");
}

}  // namespace

BatchPrompts condition_batch(const Model& model, std::span<const PromptPair> texts,
                             const PromptSteps& steps, int width, int height,
                             const PromptOptions& options) {
  const SizeConditioning size = size_of(width, height);
  SizeConditioning negative_size = size;
  negative_size.aesthetic_score = kNegativeScore;
  // Pictures of one prompt share its conditioning.
  std::map<std::string, PromptConditioning> prompts;
  std::map<std::string, ScheduledConditioning> negatives;
  BatchPrompts batch;
  for (const auto& [prompt, negative] : texts) {
    if (!prompts.contains(prompt)) {
      prompts[prompt] = condition_prompt(model, prompt, steps, size, options);
    }
    if (!negatives.contains(negative)) {
      negatives[negative] =
          condition_negative_prompt(model, negative, steps, negative_size, options);
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

BatchRun batch_run(const Model& model, const TextToImageRequest& request,
                   const SamplingSettings& settings) {
  BatchRun run{.sampler = &find_sampler(*request.sampler), .sigmas = {}};
  run.sigmas = run_levels(*run.sampler, find_spacing(*request.spacing),
                          NoiseSchedule(model.config.schedule), *request.steps);
  run.guidance = *request.guidance;
  run.guidance_rescale = settings.guidance_rescale;
  run.eta = request.eta;
  run.churn.amount = settings.churn.value_or(0.0);
  run.churn.min_sigma = settings.churn_min.value_or(0.0);
  if (settings.churn_max.value_or(0.0) > 0.0) run.churn.max_sigma = *settings.churn_max;
  run.noise_scale = settings.churn_noise.value_or(1.0);
  return run;
}

at::Tensor denoise_batch(const Model& model, BatchPrompts prompts, const BatchRun& run,
                         const at::Tensor& x, BatchNoise& noise,
                         const std::function<void(const Step&)>& on_step) {
  if (run.concat) give_channels(prompts, *run.concat);
  GuidedNetwork network{.network = as_network(model),
                        .schedule = NoiseSchedule(model.config.schedule),
                        .prediction = model.config.prediction,
                        .guidance = run.guidance,
                        .wrap = run.wrap};
  network.guide = [&](ConditionalDenoiser open, double scale, bool both) {
    const PromptGuidance guidance{scale, run.guidance_rescale, model.config.prediction, both};
    return split_guided_by_prompts(std::move(open), prompts.prompts, prompts.negatives, guidance);
  };
  SamplerEnv env;
  env.eta = run.eta;
  env.churn = run.churn;
  env.noise_scale = run.noise_scale;
  env.on_step = on_step;
  env.noise = [&](double, double) { return noise.next(); };
  if (run.sampler->has(kBrownian)) env.noise = noise.brownian(run.sigmas);
  const at::Tensor latents = run_sampler(*run.sampler, network, x, run.sigmas, env);
  expect_finite(latents, "the network's output");
  return latents;
}

at::Tensor decode_batch(const Model& model, const at::Tensor& latents) {
  const at::Tensor pixels = model.autoencoder.decode(latents).to(at::kCPU, at::kFloat);
  expect_finite(pixels, "the decoded picture");
  return pixels;
}

std::optional<at::Tensor> inpainting_channels(const Model& model, const at::Tensor& pixels,
                                              const at::Tensor& mask, int width, int height) {
  if (model.config.concat.kind != ConcatKind::MaskedLatent) return std::nullopt;
  const bool all = !mask.defined();
  const at::Tensor repaint =
      all ? at::ones({1, 1, height, width}) : mask.to(at::kCPU, at::kFloat).round();
  const at::Tensor known =
      pixels.defined() && !all ? pixels * (1.0 - repaint) : at::zeros({1, 3, height, width});
  const at::Tensor latent = model.autoencoder.encode(known.to(model.device));
  const at::Tensor small =
      at::upsample_nearest2d(repaint, {latent.size(2), latent.size(3)}).to(model.device);
  return at::cat({small.expand({latent.size(0), -1, -1, -1}), latent}, 1);
}

}  // namespace sfumato
