#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// Singlestep DPM-Solver whose stages fall on the given noise levels, as diffusers has it: orders
/// 1, 2, 3 in turn, each from where the last order 1 started. One network call per level.
struct GridSinglestepOptions {
  std::vector<int> orders;  ///< of every step
  bool predict_x0 = true;
  bool heun = false;
};
at::Tensor grid_singlestep(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                           const SamplerEnv&, const GridSinglestepOptions&);

/// Orders for `steps` steps of groups of `order`, with lower ones at the end; the last one is 1
/// where it goes to σ = 0.
std::vector<int> grid_orders(int steps, int order, bool to_zero);

}  // namespace sfumato
