#include "sfumato/tasks/text_to_image.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/refiner.h"
#include "sfumato/tasks/second_pass.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

at::Tensor first_pass(const PictureBatch& batch, BatchRun run, const RefinerSettings& refiner,
                      int more_steps, Painted::Seconds& seconds) {
  Stopwatch watch;
  const Model& model = batch.call.model;
  const TextToImageRequest& request = batch.call.request;
  const PromptSteps steps{.steps = prompt_steps(*run.sampler, *request.steps)};
  BatchPrompts prompts = condition_batch(model, batch.texts, steps, *request.width, *request.height,
                                         batch.prompt_options(), batch.call.observer);
  run.refiner = refiner_run(batch, refiner, batch.texts, steps, *request.width, *request.height);
  seconds.prompt += watch.lap();

  BatchNoise noise(batch.noise(), latent_shape(model, *request.width, *request.height),
                   model.device);
  const at::Tensor x = noise.next() * noise_at_start(run);
  const at::Tensor latents = denoise_batch(
      model, std::move(prompts), run, x, noise,
      [&](const Step& step) {
        batch.step_done(step.index, step.count + more_steps, step.denoised);
      },
      batch.call.observer);
  seconds.denoise += watch.lap();
  return latents;
}

}  // namespace

TextToImageResult text_to_image(const Model& model, const PaintRequest& asked,
                                const Observer& observer, const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  TextToImageResult result;
  result.request = with_defaults(asked, model.config);
  const PaintRequest& request = result.request;
  check(request);
  const nn::TilingGuard tiling(request.tiling);
  const std::optional<SecondPass> second = second_pass(model, request);
  const int cell = static_cast<int>(model.config.latent.downsample);
  expect_refiner(request, model, sources.refiner,
                 second ? second->size.width - second->size.cut_x * cell : *request.width,
                 second ? second->size.height - second->size.cut_y * cell : *request.height);

  if (second && second->run.sampler->has(kOneImage)) result.request.batch = 1;
  PaintCall call{model, request, request, sources, observer};
  if (second) {
    call.second_prompts = second->prompts;
    call.network_size = {second->size.width, second->size.height};
  }
  static_cast<Painted&>(result) =
      paint_batches(call, [&](const PictureBatch& batch, Painted::Seconds& seconds) {
        BatchRun run = batch_run(model, request, request);
        run.concat = inpainting_channels(model, {}, {}, *request.width, *request.height, observer);
        const int more = second ? static_cast<int>(second->run.sigmas.size()) - 1 : 0;
        const RefinerSettings refiner = second ? RefinerSettings{} : RefinerSettings(request);
        at::Tensor latents = first_pass(batch, run, refiner, more, seconds);
        if (second) {
          const int before = static_cast<int>(run.sigmas.size()) - 1;
          latents = paint_again(batch, *second, latents, before, seconds);
        }
        Stopwatch watch;
        const at::Tensor pixels = decode_batch(model, latents, observer);
        seconds.decode += watch.lap();
        return to_images(pixels);
      });
  return result;
}

at::Tensor paint(const Model& model, std::span<const std::string> captions,
                 std::span<const std::uint64_t> seeds, const TextToImageRequest& request,
                 const Observer& observer) {
  const at::NoGradGuard no_grad;
  if (captions.empty() || captions.size() != seeds.size()) {
    throw Error(ErrorKind::InvalidArgument, "expected as many seeds as prompts, found " +
                                                std::to_string(seeds.size()) + " and " +
                                                std::to_string(captions.size()));
  }
  expect_filled_in(request);
  const SamplingSettings settings;
  std::vector<ImageNoiseOptions> pictures;
  for (const auto seed : seeds) pictures.push_back(noise_options(request, settings, seed, 0, 1));
  BatchNoise noise(pictures, latent_shape(model, *request.width, *request.height), model.device);
  const BatchRun run = batch_run(model, request, settings);
  BatchPrompts prompts =
      condition_captions(model, captions, request.negative_prompt, *request.width, *request.height);
  const at::Tensor x = noise.next() * noise_at_start(run);
  const int images = static_cast<int>(captions.size());
  const at::Tensor latents = denoise_batch(
      model, std::move(prompts), run, x, noise,
      [&](const Step& step) {
        observer.on_step({step.index, step.count, 0, images, images});
        observer.cancel.throw_if_cancelled();
      },
      observer);
  return decode_batch(model, latents, observer);
}

}  // namespace sfumato
