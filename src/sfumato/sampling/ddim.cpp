#include <utility>

#include "sfumato/sampling/sampler.h"

namespace sfumato {

// DDIM (Song et al. 2020, eq. 12) moves x_t/sqrt(ᾱ_t) along its noise direction. That quotient is
// the latent in σ-space, where the step reads x + (σ' - σ)(x - D)/σ: Euler for eta = 0, and Euler
// ancestral otherwise. Only the habits differ: no noise unless asked for, and its own timesteps.
at::Tensor ddim(const Denoiser& denoise, at::Tensor x, std::span<const double> sigmas,
                const SamplerEnv& env) {
  SamplerEnv own = env;
  own.eta = env.eta.value_or(0.0);
  return euler_ancestral(denoise, std::move(x), sigmas, own);
}

}  // namespace sfumato
