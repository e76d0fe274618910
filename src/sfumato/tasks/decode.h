#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "sfumato/family/model.h"
#include "sfumato/tasks/observer.h"

namespace sfumato {

/// Values of a strip when the autoencoder works strip by strip (nn/strips.h): 16 MiB.
inline constexpr std::int64_t kStripValues = 1 << 22;

/// Latents [B, C, h, w] -> pixels [B, 3, H, W] in [-1, 1] on the CPU, one after another. Where the
/// memory is not enough (or model.autoencoder.tiling says so), strip by strip. A picture of one
/// plain colour is noted. The latents go to observer.on_undecoded before Unsupported
/// (pixels that are not finite) or OutOfMemory is thrown.
at::Tensor decode_batch(const Model& model, const at::Tensor& latents,
                        const Observer& observer = {});

/// Pixels [B, 3, H, W] in [-1, 1] -> latents [B, C, h, w] in float32 on the model's device: the
/// posterior's mean, in the same ways. Throws Unsupported or OutOfMemory.
at::Tensor encode_batch(const Model& model, const at::Tensor& pixels,
                        const Observer& observer = {});

}  // namespace sfumato
