#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/image/image.h"

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
  /// What the batch that begins with picture `first_image` looks like at a step: the estimate of
  /// its clean latents [B, C, h, w].
  std::function<void(const at::Tensor& estimate, int first_image)> on_estimate =
      [](const at::Tensor&, int) {};
  /// The latents [B, C, h, w] of the next pictures, one of which cannot be decoded; an exception
  /// follows.
  std::function<void(const at::Tensor& latents)> on_undecoded = [](const at::Tensor&) {};
  /// Something worth knowing in one line, such as what a LoRA changes.
  std::function<void(const std::string&)> on_note = [](const std::string&) {};
  CancelToken cancel = {};
};

/// What every task gives back.
struct Painted {
  std::vector<Image> images;
  std::vector<std::uint64_t> seeds;  ///< one per picture
  struct Seconds {
    double prompt = 0.0, denoise = 0.0, decode = 0.0;
  } seconds = {};
};

}  // namespace sfumato
