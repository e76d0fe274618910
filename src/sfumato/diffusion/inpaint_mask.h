#pragma once

#include "sfumato/diffusion/denoiser.h"

namespace sfumato {

/// Keeps the known part of a picture while the rest is denoised: inside the mask the network sees
/// `known` at the current noise level, and its estimate is replaced by `known` (RePaint, Lugmayr et
/// al. 2022, eq. 8, without resampling).
///   known  [B, C, H, W]  clean latent
///   noise  [B, C, H, W]  the unit noise put on it, the same at every step
///   mask   broadcasts to known; 1 keeps, 0 repaints, values between mix
Denoiser keep_known(Denoiser denoise, at::Tensor known, at::Tensor noise, at::Tensor mask);

}  // namespace sfumato
