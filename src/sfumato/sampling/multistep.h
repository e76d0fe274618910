#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>

#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/slope_weights.h"

namespace sfumato {

/// Linear multistep methods for dx/dσ: the next latent is x plus a weighted sum of the slopes of
/// the last steps. One network call per step.
struct MultistepOptions {
  SlopeWeights weights;
  int order = 4;       ///< 1 .. 4, reached after as many steps
  bool taper = false;  ///< last steps: ..., order 2, then 1
  enum class Start {
    Lower,       ///< the orders below
    Heun,        ///< the first step calls the network at both ends (PLMS)
    RungeKutta,  ///< as many steps as the order lacks, with four calls each (PNDM)
  };
  Start start = Start::Lower;
  /// Where Runge-Kutta steps call the network between their ends; half way in σ when not given.
  std::function<double(double from, double to)> middle = nullptr;
};
at::Tensor linear_multistep(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                            const SamplerEnv&, const MultistepOptions&);

}  // namespace sfumato
