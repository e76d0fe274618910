#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// A detour of Restart sampling (Xu et al. 2023, arXiv:2306.14878): on reaching `low` the latent is
/// noised up to `high` again and brought back in levels - 1 steps, `times` times over.
struct Restart {
  double low, high;  ///< noise levels; the nearest ones of the run are taken
  int levels, times;
};
/// Heun's method with the given detours.
at::Tensor heun_with_restarts(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                              const SamplerEnv&, std::span<const Restart> restarts);

}  // namespace sfumato
