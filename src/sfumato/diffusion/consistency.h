#pragma once

#include "sfumato/diffusion/denoiser.h"

namespace sfumato {

/// The timesteps that latent consistency models are distilled on: 50 entries of the schedule at
/// equal distances, the highest kept (all of a shorter schedule).
/// Source: Luo et al. 2023 (arXiv:2310.04378), sec. 4.3, and its published code.
NoiseSchedule consistency_schedule(const NoiseSchedule& schedule);

/// The consistency function of a distilled network: c_out D + c_skip x, which is x itself at
/// timestep 0, the network being asked at the nearest timestep it was distilled on.
ConditionalDenoiser consistency_denoiser(Network network, const NoiseSchedule& schedule,
                                         Prediction prediction);

/// The weights of the estimate and of the latent at timestep t, with σ_data = 0.5 and times scaled
/// by 10 (the paper's eq. 9).
struct ConsistencyWeights {
  double out, skip;
};
ConsistencyWeights consistency_weights(double t);

}  // namespace sfumato
