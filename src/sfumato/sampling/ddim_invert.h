#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/diffusion/denoiser.h"

namespace sfumato {

/// DDIM backwards (Song et al. 2020, sec. 5.4): the latent at the highest level from which DDIM
/// without noise would return about to x. The slope at the start of each step stands for its end.
///   x       [B, C, H, W] at noise level sigmas.front() > 0
///   sigmas  strictly increasing, size >= 2
at::Tensor ddim_invert(const Denoiser&, at::Tensor x, std::span<const double> sigmas);

}  // namespace sfumato
