#include "sfumato/tasks/image_to_image.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sfumato/diffusion/inpaint_mask.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/second_pass.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

/// What all pictures of a call begin with, batch of 1.
struct Beginning {
  at::Tensor latent;                 // [1, C, h, w]
  at::Tensor repaint;                // [1, 1, h, w] of 0 and 1; undefined: everything
  std::optional<at::Tensor> concat;  // [1, C', h, w]
  bool noise_under_mask = false;     // the masked part begins with noise of each picture's own
};

at::Tensor stretched(const at::Tensor& x, at::IntArrayRef shape) {
  if (x.size(2) == shape[1] && x.size(3) == shape[2]) return x;
  return at::upsample_bilinear2d(x, {shape[1], shape[2]}, false);
}

at::Tensor encoded(const Model& model, const at::Tensor& pixels) {
  return model.autoencoder.encode(pixels.to(model.device)).to(at::kFloat);
}

// [1, 1, H, W] in [0, 1]
at::Tensor to_tensor(const Mask& mask) {
  const at::Tensor bytes = at::empty({1, 1, mask.height, mask.width}, at::kByte);
  std::copy(mask.alpha.begin(), mask.alpha.end(), bytes.data_ptr<std::uint8_t>());
  return bytes.to(at::kFloat).div_(255.0);
}

at::Tensor pixels_of(const Image& picture) { return to_tensor(std::span(&picture, 1)); }

Image sized(const Image& picture, const ImageToImageRequest& request, const ModelConfig& config) {
  const ResizeMode mode = parse_resize_mode(request.resize);
  if (mode != ResizeMode::Latent) return fitted(picture, mode, *request.width, *request.height);
  const int multiple = size_multiple(config);
  return fitted(picture, ResizeMode::Stretch, nearest_multiple(picture.width, multiple),
                nearest_multiple(picture.height, multiple));
}

Beginning begin_with(const Model& model, const Image& start, at::IntArrayRef shape) {
  Beginning beginning;
  beginning.latent = stretched(encoded(model, pixels_of(start)), shape);
  beginning.concat = inpainting_channels(model, {}, {}, start.width, start.height);
  if (beginning.concat) beginning.concat = stretched(*beginning.concat, shape);
  return beginning;
}

Beginning begin_with(const Model& model, const InpaintPicture& picture, const std::string& fill,
                     at::IntArrayRef shape) {
  Beginning beginning;
  beginning.latent = stretched(encoded(model, pixels_of(picture.start)), shape);
  const Mask small = resample(picture.mask, static_cast<int>(shape[2]), static_cast<int>(shape[1]),
                              Filter::Bicubic);
  beginning.repaint = to_tensor(small).round().to(model.device);
  beginning.concat =
      inpainting_channels(model, pixels_of(picture.unfilled), to_tensor(picture.mask),
                          picture.start.width, picture.start.height);
  if (beginning.concat) beginning.concat = stretched(*beginning.concat, shape);
  if (fill.starts_with("latent")) beginning.latent = beginning.latent * (1.0 - beginning.repaint);
  beginning.noise_under_mask = fill == "latent-noise";
  return beginning;
}

// [B, C, h, w]: what the pictures of a batch begin with.
at::Tensor latents_of(const PictureBatch& batch, const Beginning& beginning,
                      at::IntArrayRef shape) {
  const at::Tensor all = beginning.latent.expand({batch.size(), -1, -1, -1});
  if (!beginning.noise_under_mask) return all;
  std::vector<at::Tensor> noise;
  for (const auto& seeds : batch.seeds) {
    noise.push_back(make_noise_source(*batch.call.request.noise, seeds.seed)(shape));
  }
  return all + at::stack(noise).to(all.device()) * beginning.repaint;
}

std::vector<Image> paint_over(const PictureBatch& batch, const ImageToImageRequest& request,
                              const Beginning& beginning, Painted::Seconds& seconds) {
  Stopwatch watch;
  const Model& model = batch.call.model;
  const auto shape = latent_shape(model, *request.width, *request.height);
  BatchRun run = batch_run(model, request, request);
  const PromptSteps steps{.steps = prompt_steps(*run.sampler, *request.steps)};
  BatchPrompts prompts = condition_batch(model, batch.texts, steps, *request.width, *request.height,
                                         batch.prompt_options());
  seconds.prompt += watch.lap();

  run.sigmas = repainting_levels(*run.sampler, find_spacing(*request.spacing),
                                 NoiseSchedule(model.config.schedule), *request.steps,
                                 request.strength, request.full_steps);
  run.concat = beginning.concat;
  BatchNoise noise(batch.noise(), shape, model.device);
  const at::Tensor known = latents_of(batch, beginning, shape);
  const at::Tensor unit = noise.next() * request.noise_multiplier;
  at::Tensor keep;
  if (beginning.repaint.defined()) {
    keep = 1.0 - beginning.repaint;
    run.wrap = [&](Denoiser denoise) { return keep_known(std::move(denoise), known, unit, keep); };
  }
  at::Tensor latents = denoise_batch(
      model, std::move(prompts), run, known + unit * run.sigmas.front(), noise,
      [&](const Step& step) { batch.step_done(step.index, step.count, step.denoised); });
  if (keep.defined()) latents = latents * beginning.repaint + known * keep;
  seconds.denoise += watch.lap();
  auto images = to_images(decode_batch(model, latents));
  seconds.decode += watch.lap();
  return images;
}

void take_size_of(const Image& picture, TextToImageRequest& request, const ModelConfig& config) {
  if (!config.unet) return;  // refused with the other defaults
  const int multiple = size_multiple(config);
  if (!request.width) request.width = nearest_multiple(picture.width, multiple);
  if (!request.height) request.height = nearest_multiple(picture.height, multiple);
}

}  // namespace

ImageToImageRequest with_defaults(ImageToImageRequest request, const ModelConfig& config,
                                  const Image& picture) {
  take_size_of(picture, request, config);
  fill_in_defaults(request, config);
  return request;
}

InpaintRequest with_defaults(InpaintRequest request, const ModelConfig& config,
                             const Image& picture) {
  if (!request.only_masked) take_size_of(picture, request, config);
  fill_in_defaults(request, config);
  return request;
}

ImageToImageResult image_to_image(const Model& model, const Image& picture,
                                  const ImageToImageRequest& asked, const Observer& observer,
                                  const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  ImageToImageResult result;
  result.request = with_defaults(asked, model.config, picture);
  const ImageToImageRequest& request = result.request;
  const auto shape = latent_shape(model, *request.width, *request.height);
  const Beginning beginning = begin_with(model, sized(picture, request, model.config), shape);
  static_cast<Painted&>(result) =
      paint_batches({model, request, request, sources, observer},
                    [&](const PictureBatch& batch, Painted::Seconds& seconds) {
                      return paint_over(batch, request, beginning, seconds);
                    });
  return result;
}

InpaintResult inpaint(const Model& model, const Image& picture, const Mask& mask,
                      const InpaintRequest& asked, const Observer& observer,
                      const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  InpaintResult result;
  result.request = with_defaults(asked, model.config, picture);
  const InpaintRequest& request = result.request;
  const auto shape = latent_shape(model, *request.width, *request.height);
  const InpaintPicture parts = inpaint_picture(picture, mask, request, size_multiple(model.config));
  const Beginning beginning = begin_with(model, parts, request.fill, shape);
  static_cast<Painted&>(result) =
      paint_batches({model, request, request, sources, observer},
                    [&](const PictureBatch& batch, Painted::Seconds& seconds) {
                      std::vector<Image> images = paint_over(batch, request, beginning, seconds);
                      for (auto& image : images) image = parts.finished(image);
                      return images;
                    });
  return result;
}

}  // namespace sfumato
