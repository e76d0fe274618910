#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// DPM-Solver++ (stochastic) of k-diffusion: two network calls per step, the second at the share
/// `r` of the way in λ, both halves with ancestral noise.
at::Tensor dpmpp_sde_at(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                        const SamplerEnv&, double r);

}  // namespace sfumato
