#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::nn {

/// Sinusoids of the timestep, cosines first: [B] (int64 or float) -> [B, width] float32.
/// Source: Vaswani et al. 2017, sec. 3.5, in the order of Dhariwal & Nichol 2021's code base.
at::Tensor timestep_embedding(const at::Tensor& timesteps, int64_t width,
                              double max_period = 10000.0);

}  // namespace sfumato::nn
