#include "sfumato/tasks/interpolate.h"

#include <ATen/ATen.h>

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/interpolate_prompts.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"
#include "sfumato/tensor/random/variation.h"

namespace sfumato {
namespace {

// The first and the last picture of a film as a batch of two.
PictureBatch ends_of(const PaintCall& call, const InterpolateRequest& request) {
  const std::string& last = request.to_prompt.empty() ? request.prompt : request.to_prompt;
  const std::uint64_t variation = request.variation_seed.value_or(0);
  PictureBatch ends{.call = call};
  ends.seeds = {{*request.seed, variation}, {request.to_seed.value_or(*request.seed), variation}};
  for (std::size_t i = 0; i < 2; ++i) {
    PictureWords words = picture_words({i == 0 ? request.prompt : last, request.negative_prompt},
                                       call.sources.wildcards, ends.seeds[i].seed);
    if (i == 1 && words.loras != ends.loras) {
      throw Error(ErrorKind::InvalidArgument, "--to-prompt names other LoRAs than the prompt",
                  "name the same ones with the same weights in both, or use --lora");
    }
    ends.texts.push_back(std::move(words.texts));
    ends.loras = std::move(words.loras);
  }
  return ends;
}

/// The noise [1, C, h, w] of a picture between two.
class NoiseBetween {
 public:
  NoiseBetween(const std::vector<ImageNoiseOptions>& ends, at::IntArrayRef shape, at::Device device,
               double amount)
      : first_(std::span(ends).first(1), shape, device),
        second_(std::span(ends).last(1), shape, device),
        amount_(ends[0].seed == ends[1].seed ? 0.0 : amount) {}

  at::Tensor next() { return turned(first_.next(), second_.next()); }

  std::function<at::Tensor(double, double)> of_steps(const BatchRun& run) {
    if (run.plan || !run.sampler->has(kBrownian)) return [this](double, double) { return next(); };
    return [this, first = first_.brownian(run.sigmas), second = second_.brownian(run.sigmas)](
               double sigma, double sigma_next) {
      return turned(first(sigma, sigma_next), second(sigma, sigma_next));
    };
  }

  BatchNoise& of_first() { return first_; }

 private:
  at::Tensor turned(const at::Tensor& first, const at::Tensor& second) const {
    if (amount_ == 0.0) return first;
    if (amount_ == 1.0) return second;
    return slerp(amount_, first.squeeze(0), second.squeeze(0)).unsqueeze(0);
  }

  BatchNoise first_, second_;
  double amount_;
};

/// What all frames are painted from.
struct FilmEnds {
  PictureBatch batch;
  BatchPrompts prompts;
  at::Tensor filler;  // the context of a chunk without words
  BatchRun run;
};

FilmEnds prepare_ends(const PaintCall& call, const InterpolateRequest& request) {
  FilmEnds ends{.batch = ends_of(call, request), .prompts = {}, .filler = {}, .run = {}};
  const Model& model = call.model;
  const int width = *request.width, height = *request.height;
  ends.run = batch_run(model, request, request);
  ends.run.concat = inpainting_channels(model, {}, {}, width, height, call.observer);
  const PromptSteps steps{.steps = prompt_steps(*ends.run.sampler, *request.steps)};
  const PromptOptions options = ends.batch.prompt_options();
  ends.prompts =
      condition_batch(model, ends.batch.texts, steps, width, height, options, call.observer);
  const std::vector<PromptPair> nothing(1);
  const BatchPrompts empty = condition_batch(model, nothing, steps, width, height, options);
  const auto& context = empty.prompts[0].parts[0].schedule.entries[0].conditioning.context;
  if (context) ends.filler = *context;
  return ends;
}

Image paint_frame(const FilmEnds& ends, int frame, int frames, Painted::Seconds& seconds) {
  Stopwatch watch;
  const PaintCall& call = ends.batch.call;
  const Model& model = call.model;
  const double amount = double(frame) / (frames - 1);
  const BatchPrompts& both = ends.prompts;
  const BatchPrompts prompts{
      .prompts = {between(both.prompts[0], both.prompts[1], amount, ends.filler)},
      .negatives = {between(both.negatives[0], both.negatives[1], amount, ends.filler)}};
  const auto shape = latent_shape(model, *call.request.width, *call.request.height);
  NoiseBetween noise(ends.batch.noise(), shape, model.device, amount);
  BatchRun run = ends.run;
  const at::Tensor x = noise.next() * noise_at_start(run);
  run.noise = noise.of_steps(run);
  const at::Tensor latents = denoise_batch(
      model, prompts, run, x, noise.of_first(),
      [&](const Step& step) {
        call.observer.on_estimate(step.denoised, frame);
        call.observer.on_step({step.index, step.count, frame, 1, frames});
        call.observer.cancel.throw_if_cancelled();
      },
      call.observer);
  seconds.denoise += watch.lap();
  Image image = std::move(to_images(decode_batch(model, latents, call.observer)).front());
  seconds.decode += watch.lap();
  return image;
}

}  // namespace

InterpolateResult interpolate(const Model& model, const InterpolateRequest& asked,
                              const Observer& observer, const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  InterpolateResult result;
  result.request = with_defaults(asked, model.config);
  const InterpolateRequest& request = result.request;
  check(request);
  const PaintCall call{model, request, request, sources, observer};
  begin_painting(call);
  const nn::TilingGuard tiling(request.tiling);
  Stopwatch watch;
  const FilmEnds ends = prepare_ends(call, request);
  result.seconds.prompt += watch.lap();
  for (int i = 0; i < request.frames; ++i) {
    result.images.push_back(paint_frame(ends, i, request.frames, result.seconds));
    const auto& seeds = ends.batch.seeds;
    result.seeds.push_back(i + 1 == request.frames ? seeds[1].seed : seeds[0].seed);
    observer.on_image(result.images.back(), result.seeds.back(), i);
  }
  return result;
}

}  // namespace sfumato
