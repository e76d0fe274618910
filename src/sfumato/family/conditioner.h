#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/family/model.h"

namespace sfumato {

/// What SDXL is told about the picture besides the prompt (SDXL sec. 2.2), in pixels.
struct SizeConditioning {
  std::int64_t original_width = 1024, original_height = 1024;
  std::int64_t crop_top = 0, crop_left = 0;
  std::int64_t target_width = 1024, target_height = 1024;
  double aesthetic_score = 6.0;  ///< refiner only; 2.5 for its negative prompt
};

/// Throws Unsupported for a family that takes no prompts.
void expect_prompts(const Model& model);

/// Throws Unsupported when the encoder came without a tokenizer.
const ClipTokenizer& tokenizer_of(const Model& model, const TextEncoder& encoder);

/// Token ids [B, T] int64 of one encoder, on the model's device.
at::Tensor tokenize(const Model& model, const TextEncoder& encoder,
                    std::span<const std::string> prompts);

/// The vector [batch, A] of the families that have one from text and sizes alone; that of a picture
/// comes from family/noise_augment.h. `pooled` [batch, projection].
std::optional<at::Tensor> conditioning_vector(const Model& model,
                                              const std::optional<at::Tensor>& pooled,
                                              std::int64_t batch, const SizeConditioning& size);

/// Plain texts -> cross-attention context (and the vector of the families that have one), one row
/// per text, cut where the encoder's positions end. Captions in training; what users write goes
/// through family/prompt_conditioner.h. Throws Unsupported for a family that takes no prompts.
Conditioning condition(const Model& model, std::span<const std::string> prompts,
                       const SizeConditioning& size = {});

/// Class numbers -> context. Throws InvalidArgument for a class out of range.
Conditioning condition_on_classes(const Model& model, std::span<const std::int64_t> classes);

}  // namespace sfumato
