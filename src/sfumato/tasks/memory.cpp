#include "sfumato/tasks/memory.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/tasks/decode.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/memory.h"

namespace sfumato {
namespace {

// Scores of attention held at once (ops/attention), and their softmax.
constexpr double kMostScores = 1 << 26, kBytesPerScore = 8.0;
// Maps as large as the widest one of the autoencoder that live at the same time.
constexpr double kMapsAtOnce = 4.0, kMapsInStrips = 1.6;
constexpr double kBytesPerStripValue = 48.0;
// Values per value of a level's map: the feed-forward layer's 8-fold and 4-fold ones around it.
constexpr double kTransformerWork = 28.0, kConvolutionWork = 8.0;

double latent_side(const Model& model, int pixels) {
  return static_cast<double>(pixels) / static_cast<double>(model.config.latent.downsample);
}

// Values of the widest feature map: what is upsampled keeps the channels of the coarser level.
double widest_map(const Model& model, int width, int height) {
  const AutoencoderConfig& config = model.config.autoencoder;
  double widest = 0.0, area = static_cast<double>(width) * height;
  for (std::size_t level = 0; level < config.channel_mult.size(); ++level) {
    const auto coarser = std::min(level + 1, config.channel_mult.size() - 1);
    const auto channels = config.channels * config.channel_mult[coarser];
    widest = std::max(widest, static_cast<double>(channels) * area);
    area /= 4.0;
  }
  return widest;
}

double attention_bytes(double tokens, double heads) {
  return kBytesPerScore * std::min(tokens * tokens * heads, kMostScores);
}

// Of the autoencoder's one head in the middle.
double middle_bytes(const Model& model, int width, int height) {
  if (!model.config.autoencoder.middle_attention) return 0.0;
  return attention_bytes(latent_side(model, width) * latent_side(model, height), 1.0);
}

double attention_heads(const UNetConfig& config, std::int64_t channels) {
  const auto heads = config.heads > 0 ? config.heads : channels / config.channels_per_head;
  return static_cast<double>(heads);
}

double unet_bytes(const Model& model, int width, int height, double samples) {
  const UNetConfig& config = *model.config.unet;
  const auto& attends = config.attention_at_downsample;
  const double factor = config.context_width ? kTransformerWork : kConvolutionWork;
  double area = latent_side(model, width) * latent_side(model, height);
  double skips = 0.0, work = 0.0, attention = 0.0;
  for (std::size_t level = 0; level < config.channel_mult.size(); ++level) {
    const auto channels = config.model_channels * config.channel_mult[level];
    const double map = static_cast<double>(channels) * area;
    skips += static_cast<double>(config.res_blocks[level] + 1) * map;
    work = std::max(work, factor * map);
    if (std::find(attends.begin(), attends.end(), std::int64_t(1) << level) != attends.end()) {
      attention =
          std::max(attention, attention_bytes(area, samples * attention_heads(config, channels)));
    }
    area /= 4.0;
  }
  const auto bytes = static_cast<double>(c10::elementSize(model.dtype));
  return samples * (skips + work) * bytes + attention;
}

bool painting_fits(const Model& model, int width, int height, int batch, const FreeMemory& free) {
  return (!free.device || denoising_memory(model, width, height, batch) <= *free.device) &&
         (!free.host || strips_memory(model, width, height) <= *free.host);
}

// The side of the largest square that fits.
int largest_fitting_side(const Model& model, int side, const FreeMemory& free) {
  const int multiple = size_multiple(model.config);
  side = side / multiple * multiple;
  while (side > multiple && !painting_fits(model, side, side, 1, free)) side -= multiple;
  return side;
}

Error does_not_fit(const Model& model, int width, int height, const FreeMemory& free) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  const std::uint64_t denoising = denoising_memory(model, width, height, 1);
  const bool by_denoising = free.device && denoising > *free.device;
  const std::uint64_t needed = by_denoising ? denoising : strips_memory(model, width, height);
  const std::string side =
      std::to_string(largest_fitting_side(model, std::max(width, height), free));
  return {ErrorKind::OutOfMemory,
          "a picture of " + size + " takes " + in_gib(needed) + " besides the model, " +
              in_gib(by_denoising ? *free.device : *free.host) + " are free",
          "up to " + side + "x" + side + " fits" +
              (model.dtype == at::kFloat ? ", more with --precision bfloat16" : "")};
}

}  // namespace

FreeMemory free_memory_for(const Model& model) {
  return {.device = free_memory(model.device), .host = free_memory(at::kCPU)};
}

std::uint64_t denoising_memory(const Model& model, int width, int height, int pictures) {
  if (!model.unet) return 0;
  return static_cast<std::uint64_t>(unet_bytes(model, width, height, 2.0 * pictures));
}

std::uint64_t autoencoder_memory(const Model& model, int width, int height) {
  return static_cast<std::uint64_t>(kMapsAtOnce * 4.0 * widest_map(model, width, height) +
                                    middle_bytes(model, width, height));
}

std::uint64_t strips_memory(const Model& model, int width, int height) {
  const double widest = widest_map(model, width, height);
  const double strip = std::min<double>(kStripValues, widest);
  return static_cast<std::uint64_t>(kMapsInStrips * 4.0 * widest + kBytesPerStripValue * strip +
                                    middle_bytes(model, width, height));
}

int fitting_batch(const Model& model, int width, int height, int batch, const FreeMemory& free,
                  const Observer& observer) {
  if (!painting_fits(model, width, height, 1, free)) throw does_not_fit(model, width, height, free);
  int fitting = batch;
  while (!painting_fits(model, width, height, fitting, free)) fitting /= 2;
  if (fitting < batch) {
    observer.on_note("note: " + std::to_string(batch) + " pictures at once do not fit into " +
                     in_gib(*free.device) + "; painting " + std::to_string(fitting) + " at once");
  }
  return fitting;
}

}  // namespace sfumato
