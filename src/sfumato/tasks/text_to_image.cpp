#include "sfumato/tasks/text_to_image.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "sfumato/base/error.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/family/network.h"
#include "sfumato/sampling/run_sampler.h"
#include "sfumato/tensor/pixels.h"
#include "sfumato/tensor/random/noise.h"

namespace sfumato {
namespace {

// One source per picture: what a picture gets does not depend on the batch it is in.
class BatchNoise {
 public:
  BatchNoise(std::span<const std::uint64_t> seeds, const std::string& kind) {
    for (const auto seed : seeds) sources_.push_back(make_noise_source(kind, seed));
  }
  at::Tensor operator()(at::IntArrayRef shape_of_one, at::Device device) {
    std::vector<at::Tensor> draws;
    for (auto& source : sources_) draws.push_back(source(shape_of_one));
    return at::cat(draws, 0).to(device);
  }

 private:
  std::vector<NoiseSource> sources_;
};

class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Conditioning condition_on(const Model& model, std::span<const std::string> prompts,
                          const TextToImageRequest& request, double aesthetic_score) {
  SizeConditioning size;
  size.original_width = size.target_width = *request.width;
  size.original_height = size.target_height = *request.height;
  size.aesthetic_score = aesthetic_score;
  return condition(model, prompts, size);
}

// The latents that a batch of prompts ends in.
at::Tensor denoise_batch(const Model& model, std::span<const std::string> prompts,
                         std::span<const std::uint64_t> seeds, const TextToImageRequest& request,
                         const Observer& observer, TextToImageResult::Seconds& seconds) {
  Stopwatch watch;
  const ModelConfig& config = model.config;
  const std::vector<std::string> negative(prompts.size(), request.negative_prompt);
  const Conditioning cond = condition_on(model, prompts, request, 6.0);
  const Conditioning uncond = condition_on(model, negative, request, 2.5);
  seconds.prompt += watch.lap();

  const GuidedNetwork network{.network = as_network(model),
                              .schedule = NoiseSchedule(config.schedule),
                              .prediction = config.prediction,
                              .cond = cond,
                              .uncond = uncond,
                              .guidance = *request.guidance};
  const SamplerInfo& sampler = find_sampler(*request.sampler);
  const auto sigmas =
      run_levels(sampler, find_spacing(*request.spacing), network.schedule, *request.steps);

  BatchNoise noise(seeds, *request.noise);
  const std::vector<std::int64_t> one{1, config.latent.channels,
                                      *request.height / config.latent.downsample,
                                      *request.width / config.latent.downsample};
  SamplerEnv env;
  env.eta = request.eta;
  env.noise = [&](double, double) { return noise(one, model.device); };
  if (sampler.has(kBrownian)) {
    const at::IntArrayRef shape = at::IntArrayRef(one).slice(1);
    env.noise = brownian_noise(seeds, *request.noise, shape, sigmas, model.device);
  }
  env.on_step = [&](const Step& step) {
    const int images = static_cast<int>(prompts.size());
    observer.on_step({step.index, step.count, 0, images, images});
    observer.cancel.throw_if_cancelled();
  };
  const at::Tensor x = noise(one, model.device) * sigmas.front();
  const at::Tensor latents = run_sampler(sampler, network, x, sigmas, env);
  if (!at::isfinite(latents).all().item<bool>()) {
    throw Error(ErrorKind::Unsupported, "the network's output is not finite",
                "try --precision float32, or a lower --guidance");
  }
  seconds.denoise += watch.lap();
  return latents;
}

at::Tensor decode(const Model& model, const at::Tensor& latents,
                  TextToImageResult::Seconds& seconds) {
  Stopwatch watch;
  const at::Tensor pixels = model.autoencoder.decode(latents).to(at::kCPU, at::kFloat);
  seconds.decode += watch.lap();
  return pixels;
}

void check_ready(const TextToImageRequest& request) {
  const bool ready = request.seed && request.width && request.height && request.steps &&
                     request.guidance && request.sampler && request.spacing && request.noise;
  if (!ready) {
    throw Error(ErrorKind::InvalidArgument, "the request still has open fields",
                "set its seed and fill it with with_defaults()");
  }
}

}  // namespace

TextToImageResult text_to_image(const Model& model, const TextToImageRequest& asked,
                                const Observer& observer) {
  const at::NoGradGuard no_grad;
  TextToImageResult result;
  result.request = with_defaults(asked, model.config);
  const TextToImageRequest& request = result.request;
  check_ready(request);

  for (int first = 0; first < request.count; first += *request.batch) {
    const int images = std::min(*request.batch, request.count - first);
    std::vector<std::uint64_t> seeds;
    for (int i = 0; i < images; ++i)
      seeds.push_back(*request.seed + static_cast<unsigned>(first + i));
    const std::vector<std::string> prompts(seeds.size(), request.prompt);

    Observer of_batch = observer;
    of_batch.on_step = [&](Progress progress) {
      progress.first_image = first;
      progress.count = request.count;
      observer.on_step(progress);
    };
    const at::Tensor latents =
        denoise_batch(model, prompts, seeds, request, of_batch, result.seconds);
    auto painted = to_images(decode(model, latents, result.seconds));
    for (int i = 0; i < images; ++i) {
      const auto at = static_cast<std::size_t>(i);
      observer.on_image(painted[at], seeds[at], first + i);
      result.images.push_back(std::move(painted[at]));
      result.seeds.push_back(seeds[at]);
    }
  }
  return result;
}

at::Tensor paint(const Model& model, std::span<const std::string> prompts,
                 std::span<const std::uint64_t> seeds, const TextToImageRequest& request,
                 const Observer& observer) {
  const at::NoGradGuard no_grad;
  TextToImageRequest seeded = request;
  if (!seeds.empty()) seeded.seed = seeds.front();
  check_ready(seeded);
  if (prompts.empty() || prompts.size() != seeds.size()) {
    throw Error(ErrorKind::InvalidArgument, "expected as many seeds as prompts, found " +
                                                std::to_string(seeds.size()) + " and " +
                                                std::to_string(prompts.size()));
  }
  TextToImageResult::Seconds seconds;
  return decode(model, denoise_batch(model, prompts, seeds, seeded, observer, seconds), seconds);
}

}  // namespace sfumato
