#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// Samples around a known part of the picture: before every step the latent inside the mask is
/// replaced by `known` with fresh noise of that level (RePaint, Lugmayr et al. 2022, eq. 8; the
/// masks of the original DDIM sampler). Draws one noise per step for it, before the sampler's own.
/// Nothing is replaced after the last step. `run` must be a sampler that keeps nothing from step
/// to step, such as ddim.
///   known  [B, C, H, W]  clean latent
///   mask   broadcasts to known; 1 keeps, 0 repaints
at::Tensor sample_keeping(Sampler run, const Denoiser&, at::Tensor x,
                          std::span<const double> sigmas, const SamplerEnv&,
                          const at::Tensor& known, const at::Tensor& mask);

}  // namespace sfumato
