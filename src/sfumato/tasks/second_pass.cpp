#include "sfumato/tasks/second_pass.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/image/resample.h"
#include "sfumato/sampling/names.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/refiner.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

// The request of the second pass alone.
PaintRequest second_request(const PaintRequest& first) {
  PaintRequest second = first;
  if (first.hires_steps) second.steps = first.hires_steps;
  if (first.hires_guidance) second.guidance = first.hires_guidance;
  if (first.hires_sampler) {
    const SamplerName named = resolve_sampler(*first.hires_sampler);
    const auto& sampler = find_sampler(named.sampler);
    second.sampler = sampler.name;
    second.spacing = named.spacing.value_or(sampler.spacing);
  }
  if (first.hires_spacing) second.spacing = find_spacing(*first.hires_spacing).name;
  return second;
}

// Cut to the size asked for when that has other proportions.
at::Tensor cut(const at::Tensor& latents, const HiresSize& size) {
  const std::int64_t left = size.cut_x / 2, top = size.cut_y / 2;
  return latents.narrow(2, top, latents.size(2) - size.cut_y)
      .narrow(3, left, latents.size(3) - size.cut_x);
}

at::Tensor enlarged(const Model& model, const at::Tensor& latents, const SecondPass& pass,
                    const Observer& observer) {
  const std::int64_t cell = model.config.latent.downsample;
  if (pass.upscaler.starts_with("latent")) {
    return enlarged_latents(latents, pass.size.height / cell, pass.size.width / cell,
                            pass.upscaler);
  }
  const Filter filter = pass.upscaler == "bicubic" ? Filter::Bicubic : Filter::Lanczos;
  std::vector<Image> pictures = to_images(decode_batch(model, latents, observer));
  for (auto& picture : pictures) {
    picture = resample(picture, pass.size.width, pass.size.height, filter);
  }
  return encode_batch(model, to_tensor(pictures), observer);
}

}  // namespace

at::Tensor enlarged_latents(const at::Tensor& latents, std::int64_t height, std::int64_t width,
                            const std::string& upscaler) {
  const std::vector<std::int64_t> size{height, width};
  if (upscaler == "latent") return at::upsample_bilinear2d(latents, size, false);
  if (upscaler == "latent-bicubic") return at::upsample_bicubic2d(latents, size, false);
  if (upscaler == "latent-antialiased") return at::_upsample_bilinear2d_aa(latents, size, false);
  if (upscaler == "latent-bicubic-antialiased") {
    return at::_upsample_bicubic2d_aa(latents, size, false);
  }
  if (upscaler == "latent-nearest") return at::upsample_nearest2d(latents, size);
  if (upscaler == "latent-nearest-exact") return at::_upsample_nearest_exact2d(latents, size);
  throw Error(ErrorKind::InvalidArgument, "unknown upscaler '" + upscaler + "'");
}

std::optional<SecondPass> second_pass(const Model& model, const PaintRequest& request) {
  if (!request.hires_enabled()) return std::nullopt;
  const PaintRequest own = second_request(request);
  const auto cell = static_cast<int>(model.config.latent.downsample);
  SecondPass pass{.size = hires_size(request, *request.width, *request.height, cell),
                  .steps = *own.steps,
                  .upscaler = request.hires_upscaler,
                  .run = repainting_run(model, own, own, request.hires_strength,
                                        /*all_steps=*/true),
                  .prompts = std::nullopt,
                  .refiner = request};
  const int multiple = size_multiple(model.config);
  expect_multiple("hires-width", pass.size.width - pass.size.cut_x * cell, multiple);
  expect_multiple("hires-height", pass.size.height - pass.size.cut_y * cell, multiple);
  if (request.hires_prompt || request.hires_negative_prompt) {
    pass.prompts = {request.hires_prompt.value_or(request.prompt),
                    request.hires_negative_prompt.value_or(request.negative_prompt)};
  }
  return pass;
}

at::Tensor paint_again(const PictureBatch& batch, const SecondPass& pass, const at::Tensor& latents,
                       int steps_before, Painted::Seconds& seconds) {
  Stopwatch watch;
  const Model& model = batch.call.model;
  const TextToImageRequest& request = batch.call.request;
  const at::Tensor start =
      cut(enlarged(model, latents, pass, batch.call.observer), pass.size).contiguous();
  seconds.decode += watch.lap();

  const auto cell = static_cast<int>(model.config.latent.downsample);
  const int width = static_cast<int>(start.size(3)) * cell;
  const int height = static_cast<int>(start.size(2)) * cell;
  const auto& first_sampler = find_sampler(*request.sampler);
  const PromptSteps steps{.steps = prompt_steps(first_sampler, *request.steps),
                          .hires_steps = prompt_steps(*pass.run.sampler, pass.steps)};
  BatchPrompts prompts =
      condition_batch(model, batch.second_texts, steps, width, height,
                      batch.prompt_options(/*second=*/true), batch.call.observer);
  BatchRun run = pass.run;
  run.refiner = refiner_run(batch, pass.refiner, batch.second_texts, steps, width, height);
  seconds.prompt += watch.lap();

  std::vector<ImageNoiseOptions> sources = batch.noise();
  for (auto& source : sources) source.seed_delta = 0;  // counts in the first pass only
  BatchNoise noise(sources, latent_shape(model, width, height), model.device);
  run.concat = inpainting_channels(model, {}, {}, width, height, batch.call.observer);
  const at::Tensor x = start + noise.next() * run.sigmas.front();
  const at::Tensor result = denoise_batch(
      model, std::move(prompts), run, x, noise,
      [&](const Step& step) {
        batch.step_done(steps_before + step.index, steps_before + step.count, step.denoised);
      },
      batch.call.observer);
  seconds.denoise += watch.lap();
  return result;
}

}  // namespace sfumato
