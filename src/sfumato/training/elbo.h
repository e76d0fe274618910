#pragma once

#include <ATen/core/Tensor.h>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// The weight of each timestep's squared error in the variational bound: [T] float64. For eps it is
/// beta² / (2 var alpha (1 - ᾱ)) with var the posterior's variance (Ho et al. 2020, eq. 12), for x0
/// and v what the LDM code uses in its place. The first entry, which would be infinite, repeats the
/// second.
at::Tensor vlb_weights(const NoiseSchedule& schedule, Prediction prediction);

struct LdmObjective {
  at::Tensor total;  ///< [] what is minimised
  at::Tensor gamma;  ///< [] the simple loss after the learned variances
  at::Tensor vlb;    ///< [] the loss in the bound's weighting
};

/// The general form of the loss in the LDM code, of which the "simple" loss is elbo_weight = 0:
///   simple_weight · mean(L / exp(logvar_t) + logvar_t) + elbo_weight · mean(vlb_t · L)
///   loss     [B] one value per sample, diffusion_loss()
///   weights  [T] vlb_weights()
///   logvar   [T] learned log-variance per timestep, or zeros
LdmObjective ldm_objective(const at::Tensor& loss, const at::Tensor& t, const at::Tensor& weights,
                           const at::Tensor& logvar, double simple_weight, double elbo_weight);

}  // namespace sfumato
