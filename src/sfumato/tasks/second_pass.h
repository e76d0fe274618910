#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/request/text_tasks.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

/// The second pass of txt2img ("hires fix"): the first picture enlarged and denoised once more.
/// Source: A1111, modules/processing.py, StableDiffusionProcessingTxt2Img.sample_hr_pass.
struct SecondPass {
  HiresSize size;
  int steps;  ///< asked for; the noise levels are the last of a longer run
  std::string upscaler;
  BatchRun run;                       ///< sigmas begin where the strength says
  std::optional<PromptPair> prompts;  ///< when it has its own
  RefinerSettings refiner = {};
};

/// Nothing unless the request, which has its defaults filled in, asks for one.
std::optional<SecondPass> second_pass(const Model& model, const PaintRequest& request);

/// The latents of a batch's first pass [B, C, h, w], which took so many steps, painted again.
at::Tensor paint_again(const PictureBatch& batch, const SecondPass& pass, const at::Tensor& latents,
                       int steps_before, Painted::Seconds& seconds);

/// Latents by one of the names "latent", "latent-antialiased", "latent-bicubic",
/// "latent-bicubic-antialiased", "latent-nearest" and "latent-nearest-exact".
at::Tensor enlarged_latents(const at::Tensor& latents, std::int64_t height, std::int64_t width,
                            const std::string& upscaler);

}  // namespace sfumato
