#pragma once

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/family/model.h"

namespace sfumato {

/// The model's U-Net as the raw network F: stacks cond.concat onto x_t, feeds context and vector,
/// computes in the model's dtype and returns float32. Keeps the weights alive.
Network as_network(const Model& model);

/// The whole denoiser: as_network() through the family's schedule and prediction.
ConditionalDenoiser as_denoiser(const Model& model);

}  // namespace sfumato
