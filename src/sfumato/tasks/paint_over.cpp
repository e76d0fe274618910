#include "sfumato/tasks/paint_over.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sfumato/diffusion/inpaint_mask.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

// [B, C, h, w]: what the pictures of a batch begin with; undefined for noise alone.
at::Tensor beginnings_of(const PictureBatch& batch, const Beginning& beginning) {
  if (!beginning.latent.defined()) return {};
  const at::Tensor all = beginning.latent.expand({batch.size(), -1, -1, -1});
  if (!beginning.noise_under_mask) return all;
  std::vector<at::Tensor> noise;
  for (const auto& seeds : batch.seeds) {
    const NoiseSource source = make_noise_source(*batch.call.request.noise, seeds.seed);
    noise.push_back(source(all.sizes().slice(1)));
  }
  return all + at::stack(noise).to(all.device()) * beginning.repaint;
}

std::vector<Image> paint_batch_over(const PictureBatch& batch, const InitImage& init,
                                    const Beginning& beginning, Painted::Seconds& seconds) {
  Stopwatch watch;
  const Model& model = batch.call.model;
  const TextToImageRequest& request = batch.call.request;
  BatchRun run =
      repainting_run(model, request, batch.call.settings, init.strength, init.full_steps);
  const PromptSteps steps{.steps = prompt_steps(*run.sampler, *request.steps)};
  BatchPrompts prompts = condition_batch(model, batch.texts, steps, *request.width, *request.height,
                                         batch.prompt_options(), batch.call.observer);
  seconds.prompt += watch.lap();

  run.concat = beginning.concat;
  run.image_guidance = beginning.image_guidance;
  BatchNoise noise(batch.noise(), latent_shape(model, *request.width, *request.height),
                   model.device);
  const at::Tensor known = beginnings_of(batch, beginning);
  const at::Tensor unit = noise.next() * init.noise_multiplier;
  const at::Tensor x =
      known.defined() ? known + unit * run.sigmas.front() : unit * noise_at_start(run);
  at::Tensor keep;
  if (beginning.repaint.defined()) {
    keep = 1.0 - beginning.repaint;
    run.wrap = [&](Denoiser denoise) { return keep_known(std::move(denoise), known, unit, keep); };
  }
  at::Tensor latents = denoise_batch(
      model, std::move(prompts), run, x, noise,
      [&](const Step& step) { batch.step_done(step.index, step.count, step.denoised); },
      batch.call.observer);
  if (keep.defined()) latents = latents * beginning.repaint + known * keep;
  seconds.denoise += watch.lap();
  auto images = to_images(decode_batch(model, latents, batch.call.observer));
  seconds.decode += watch.lap();
  return images;
}

}  // namespace

void take_size_of(const Image& picture, TextToImageRequest& request, const ModelConfig& config) {
  if (!config.unet) return;  // refused with the other defaults
  const int multiple = size_multiple(config);
  if (!request.width) request.width = nearest_multiple(picture.width, multiple);
  if (!request.height) request.height = nearest_multiple(picture.height, multiple);
}

at::Tensor starting_latent(const Model& model, const Image& start,
                           const TextToImageRequest& request, const Observer& observer) {
  const auto shape = latent_shape(model, *request.width, *request.height);
  const at::Tensor latent = encode_batch(model, pixels_of(start), observer);
  return at::upsample_bilinear2d(latent, {shape[1], shape[2]}, false);
}

at::Tensor pixels_of(const Image& picture) { return to_tensor(std::span(&picture, 1)); }

at::Tensor values_of(const Mask& mask) {
  const at::Tensor bytes = at::empty({1, 1, mask.height, mask.width}, at::kByte);
  std::copy(mask.alpha.begin(), mask.alpha.end(), bytes.data_ptr<std::uint8_t>());
  return bytes.to(at::kFloat).div_(255.0);
}

Painted paint_over(const PaintCall& call, const InitImage& init,
                   const std::function<Beginning()>& begin,
                   const std::function<Image(Image)>& finish) {
  const at::NoGradGuard no_grad;
  const nn::TilingGuard tiling(call.settings.tiling);
  std::optional<Beginning> beginning;
  return paint_batches(call, [&](const PictureBatch& batch, Painted::Seconds& seconds) {
    if (!beginning) beginning = begin();
    std::vector<Image> images = paint_batch_over(batch, init, *beginning, seconds);
    for (auto& image : images) image = finish(std::move(image));
    return images;
  });
}

}  // namespace sfumato
