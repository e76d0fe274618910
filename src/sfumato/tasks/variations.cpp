#include "sfumato/tasks/variations.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/family/noise_augment.h"
#include "sfumato/nn/layers.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/conditioning_vectors.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/clip_pixels.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

void expect_reader(const ModelConfig& config) {
  if (reads_pictures(config)) return;
  throw Error(ErrorKind::Unsupported,
              "models of the family " + config.family + " cannot vary a picture: they read none",
              "choose Stable unCLIP 2.1, h or l; img2img paints over a picture with any model");
}

// The weighted mean of the pictures' embeddings [1, E].
at::Tensor mean_embedding(const Model& model, std::span<const WeightedPicture> pictures) {
  double total = 0.0;
  for (const auto& [picture, weight] : pictures) total += weight;
  if (std::abs(total) < 1e-6) {
    throw Error(ErrorKind::InvalidArgument, pictures.empty()
                                                ? "no picture to vary"
                                                : "the weights of the pictures sum up to 0");
  }
  const int size = embedded_picture_side(model);
  at::Tensor mean;
  for (const auto& [picture, weight] : pictures) {
    const at::Tensor pixels = clip_pixels(picture, size).unsqueeze(0);
    const at::Tensor part = embedded_pictures(model, pixels) * (weight / total);
    mean = mean.defined() ? mean + part : part;
  }
  return mean;
}

std::vector<Image> paint_variations(const PictureBatch& batch, const VariationsRequest& request,
                                    const at::Tensor& embedding, Painted::Seconds& seconds) {
  Stopwatch watch;
  const Model& model = batch.call.model;
  const BatchRun run = batch_run(model, request, request);
  const PromptSteps steps{.steps = prompt_steps(*run.sampler, *request.steps)};
  BatchPrompts prompts = condition_batch(model, batch.texts, steps, *request.width, *request.height,
                                         batch.prompt_options(), batch.call.observer);
  std::vector<ImageNoiseOptions> sources = batch.noise();
  const at::Tensor blur = noise_before(sources, {embedding.size(1)}).to(model.device);
  const at::Tensor vectors =
      embedding_vector(model, embedding.expand_as(blur), blur, request.noise_level);
  give_vectors(prompts, vectors, at::zeros_like(vectors));
  seconds.prompt += watch.lap();

  BatchNoise noise(sources, latent_shape(model, *request.width, *request.height), model.device);
  const at::Tensor start = noise.next() * noise_at_start(run);
  const at::Tensor latents = denoise_batch(
      model, std::move(prompts), run, start, noise,
      [&](const Step& step) { batch.step_done(step.index, step.count, step.denoised); },
      batch.call.observer);
  seconds.denoise += watch.lap();
  auto images = to_images(decode_batch(model, latents, batch.call.observer));
  seconds.decode += watch.lap();
  return images;
}

}  // namespace

VariationsRequest with_defaults(VariationsRequest request, const ModelConfig& config) {
  expect_reader(config);
  fill_in_open_fields(request, config);
  return request;
}

VariationsResult variations(const Model& model, std::span<const WeightedPicture> pictures,
                            const VariationsRequest& asked, const Observer& observer,
                            const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  VariationsResult result;
  result.request = with_defaults(asked, model.config);
  const VariationsRequest& request = result.request;
  const nn::TilingGuard tiling(request.tiling);
  const at::Tensor embedding = mean_embedding(model, pictures);
  static_cast<Painted&>(result) =
      paint_batches({model, request, request, sources, observer},
                    [&](const PictureBatch& batch, Painted::Seconds& seconds) {
                      return paint_variations(batch, request, embedding, seconds);
                    });
  return result;
}

}  // namespace sfumato
