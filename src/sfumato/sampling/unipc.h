#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// The function of the step length that the polynomial terms of UniPC are scaled with, or its form
/// without one (UniPC paper, sec. 3.2 and app. C).
/// VaryCoeff is kept as its authors published it, with a corrector of first order only.
enum class UniPcVariant { Bh1, Bh2, VaryCoeff };

/// UniPC (Zhao et al. 2023, arXiv:2302.04867): a multistep predictor whose next network call also
/// corrects the step before. One network call per step. In σ notation (α ≡ 1, λ = -log σ).
struct UniPcOptions {
  int order = 3;  ///< 1 .. 3
  UniPcVariant variant = UniPcVariant::Bh1;
  bool predict_x0 = true;  ///< false: the noise is extrapolated; then sigmas must not end in 0
  bool taper = true;       ///< last steps: ..., order 2, then 1
  std::vector<int> uncorrected = {};  ///< indices of steps that are not corrected
};
at::Tensor unipc(const Denoiser&, at::Tensor x, std::span<const double> sigmas, const SamplerEnv&,
                 const UniPcOptions&);

}  // namespace sfumato
