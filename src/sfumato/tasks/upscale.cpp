#include "sfumato/tasks/upscale.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/family/noise_augment.h"
#include "sfumato/image/resample.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/conditioning_vectors.h"
#include "sfumato/tasks/paint_over.h"
#include "sfumato/tasks/second_pass.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tasks/upscale_plan.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato {
namespace {

constexpr int kX4Tile = 2048;  // pixels; keeps the activations of a step at some 5 GB

/// A batch of pictures of which one tile is painted after the other.
struct TileBatch {
  const PictureBatch& batch;
  const UpscaleRequest& request;
  const UpscalePlan& plan;
  BatchPrompts prompts;

  const Model& model() const { return batch.call.model; }
  std::vector<ImageNoiseOptions> noise_of(std::size_t tile) const;
  at::Tensor pixels_of_tile(std::size_t tile) const;  ///< [1, 3, h, w]
  at::Tensor denoised(std::size_t tile, const BatchPrompts& own, const BatchRun& run,
                      const at::Tensor& start, BatchNoise& noise) const;
};

std::vector<ImageNoiseOptions> TileBatch::noise_of(std::size_t tile) const {
  std::vector<ImageNoiseOptions> sources = batch.noise();
  for (auto& source : sources) {
    source.seed += tile;
    if (source.variation_seed) *source.variation_seed += tile;
  }
  return sources;
}

at::Tensor TileBatch::pixels_of_tile(std::size_t tile) const {
  return pixels_of(cropped(plan.start, plan.tiles[tile])).to(model().device);
}

at::Tensor TileBatch::denoised(std::size_t tile, const BatchPrompts& own, const BatchRun& run,
                               const at::Tensor& start, BatchNoise& noise) const {
  const auto tiles = static_cast<int>(plan.tiles.size());
  return denoise_batch(
      model(), own, run, start, noise,
      [&](const Step& step) {
        batch.step_done(static_cast<int>(tile) * step.count + step.index, tiles * step.count,
                        step.denoised);
      },
      batch.call.observer);
}

using PaintTile = std::function<at::Tensor(const TileBatch&, std::size_t tile)>;

// The tile as the x4 model invents it: latents [B, C, h, w].
at::Tensor enlarged_tile(const TileBatch& tiles, std::size_t tile) {
  const Model& model = tiles.model();
  const at::Tensor pixels = tiles.pixels_of_tile(tile);
  const std::int64_t height = pixels.size(2), width = pixels.size(3);
  std::vector<ImageNoiseOptions> sources = tiles.noise_of(tile);
  const at::Tensor grain = noise_before(sources, {3, height, width}).to(model.device);

  BatchRun run = batch_run(model, tiles.request, tiles.request);
  run.concat =
      noise_augmented(model.config, pixels.expand_as(grain), grain, tiles.request.noise_level);
  const at::Tensor level =
      at::full({1, 1}, double(tiles.request.noise_level), at::kFloat).to(model.device);
  BatchPrompts prompts = tiles.prompts;
  give_vectors(prompts, level, level);
  BatchNoise noise(sources, {model.config.latent.channels, height, width}, model.device);
  return tiles.denoised(tile, prompts, run, noise.next() * noise_at_start(run), noise);
}

// The tile painted over: latents [B, C, h, w].
at::Tensor repainted_tile(const TileBatch& tiles, std::size_t tile) {
  const Model& model = tiles.model();
  const UpscaleRequest& request = tiles.request;
  const int width = tiles.plan.tile_width(), height = tiles.plan.tile_height();
  BatchRun run = repainting_run(model, request, request, request.strength, request.full_steps);
  const Observer& observer = tiles.batch.call.observer;
  run.concat = inpainting_channels(model, {}, {}, width, height, observer);
  const at::Tensor known = encode_batch(model, tiles.pixels_of_tile(tile), observer);
  BatchNoise noise(tiles.noise_of(tile), latent_shape(model, width, height), model.device);
  const at::Tensor start = known + noise.next() * (request.noise_multiplier * run.sigmas.front());
  return tiles.denoised(tile, tiles.prompts, run, start, noise);
}

std::vector<Image> paint_tiles(TileBatch tiles, const PaintTile& paint, Painted::Seconds& seconds) {
  const auto pictures = static_cast<std::size_t>(tiles.batch.size());
  std::vector<std::vector<Image>> painted(pictures);
  for (std::size_t tile = 0; tile < tiles.plan.tiles.size(); ++tile) {
    Stopwatch watch;
    const at::Tensor latents = paint(tiles, tile);
    seconds.denoise += watch.lap();
    std::vector<Image> images =
        to_images(decode_batch(tiles.model(), latents, tiles.batch.call.observer));
    for (std::size_t i = 0; i < pictures; ++i) painted[i].push_back(std::move(images[i]));
    seconds.decode += watch.lap();
  }
  std::vector<Image> results;
  for (const auto& own : painted) results.push_back(tiles.plan.joined(own));
  return results;
}

// The prompts count for a tile as for a picture of its size.
BatchPrompts prompts_of_tiles(const PictureBatch& batch, const UpscalePlan& plan,
                              Painted::Seconds& seconds) {
  Stopwatch watch;
  const TextToImageRequest& request = batch.call.request;
  const PromptSteps steps{.steps = prompt_steps(find_sampler(*request.sampler), *request.steps)};
  BatchPrompts prompts =
      condition_batch(batch.call.model, batch.texts, steps, plan.tile_width(), plan.tile_height(),
                      batch.prompt_options(), batch.call.observer);
  seconds.prompt += watch.lap();
  return prompts;
}

int enlarged_side(int side, double scale) {
  return std::max(static_cast<int>(std::lround(side * scale)), 1);
}

void expect_method(const ModelConfig& config, const std::string& method) {
  if (method == "tiles") {
    expect_channels(config, "upscale --method tiles", {ConcatKind::None, ConcatKind::MaskedLatent});
    return;
  }
  if (config.concat.kind == ConcatKind::LowResImage && config.noise_augment) return;
  throw Error(ErrorKind::Unsupported,
              "upscale --method x4 cannot use a model of the family " + config.family,
              "choose the Stable Diffusion x4 upscaler, or --method tiles");
}

}  // namespace

UpscaleRequest with_defaults(UpscaleRequest request, const ModelConfig& config,
                             const Image& picture) {
  expect_method(config, request.method);
  const bool x4 = request.method == "x4";
  const double scale = x4 ? double(config.latent.downsample) : request.scale.value_or(2.0);
  if (!request.tile) request.tile = x4 ? kX4Tile : static_cast<int>(config.defaults.width);
  if (!request.tile_overlap) request.tile_overlap = *request.tile / 8;
  request.width = request.height = *request.tile;
  expect_multiple("tile", *request.tile, config.unet ? size_multiple(config) : 1);
  fill_in_open_fields(request, config);  // for a tile, which is what goes through the network
  request.scale = scale;
  request.width = enlarged_side(picture.width, scale);
  request.height = enlarged_side(picture.height, scale);
  return request;
}

Image resampled(const Image& picture, const UpscaleRequest& request) {
  const double scale = request.scale.value_or(2.0);
  const Filter filter = request.method == "bicubic" ? Filter::Bicubic : Filter::Lanczos;
  return resample(picture, enlarged_side(picture.width, scale),
                  enlarged_side(picture.height, scale), filter);
}

UpscaleResult upscale(const Model& model, const Image& picture, const UpscaleRequest& asked,
                      const Observer& observer, const PromptSources& sources) {
  const at::NoGradGuard no_grad;
  UpscaleResult result;
  result.request = with_defaults(asked, model.config, picture);
  const UpscaleRequest& request = result.request;
  const UpscalePlan plan = upscale_plan(picture, request, model.config);
  const PaintTile paint = request.method == "x4" ? enlarged_tile : repainted_tile;
  static_cast<Painted&>(result) = paint_batches(
      {.model = model,
       .request = request,
       .settings = request,
       .sources = sources,
       .observer = observer,
       .network_size = std::pair{plan.tile_width(), plan.tile_height()}},
      [&](const PictureBatch& batch, Painted::Seconds& seconds) {
        return paint_tiles({batch, request, plan, prompts_of_tiles(batch, plan, seconds)}, paint,
                           seconds);
      });
  return result;
}

}  // namespace sfumato
