#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/family/model.h"
#include "sfumato/image/image.h"
#include "sfumato/request/text_to_image.h"

namespace sfumato {

/// One finished denoising step of one batch.
struct Progress {
  int step, steps;          ///< 0-based; of this batch
  int first_image, images;  ///< which pictures the batch holds
  int count;                ///< pictures in all
};

/// How the caller looks on. A cancelled token stops before the next step with Error Cancelled.
struct Observer {
  std::function<void(const Progress&)> on_step = [](const Progress&) {};
  /// A picture is ready; `index` counts from 0. Called in order, after each batch.
  std::function<void(const Image&, std::uint64_t seed, int index)> on_image =
      [](const Image&, std::uint64_t, int) {};
  CancelToken cancel = {};
};

struct TextToImageResult {
  std::vector<Image> images;
  std::vector<std::uint64_t> seeds;  ///< one per picture
  TextToImageRequest request;        ///< with every default filled in
  struct Seconds {
    double prompt = 0.0, denoise = 0.0, decode = 0.0;
  } seconds;
};

/// The request with the family's defaults where it says nothing (all but the seed), checked against
/// what the family can do. Throws InvalidArgument or Unsupported.
TextToImageRequest with_defaults(TextToImageRequest request, const ModelConfig& config);

/// Whether the sampler of this name draws noise that `eta` scales.
bool uses_eta(std::string_view sampler);

/// Text to image: LDM sec. 3 from right to left. The seed must be set. Every picture has its own
/// noise stream, so it depends on its seed but not on the pictures painted with it.
TextToImageResult text_to_image(const Model& model, const TextToImageRequest& request,
                                const Observer& observer = {});

/// One batch of pictures [B, 3, H, W] in [-1, 1] on the CPU, picture i from prompts[i] and
/// seeds[i]; everything else from `request`, which has its defaults filled in.
at::Tensor paint(const Model& model, std::span<const std::string> prompts,
                 std::span<const std::uint64_t> seeds, const TextToImageRequest& request,
                 const Observer& observer = {});

}  // namespace sfumato
