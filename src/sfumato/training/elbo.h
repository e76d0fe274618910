#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace sfumato {

struct LdmObjective {
  at::Tensor total;  ///< [] what is minimised
  at::Tensor gamma;  ///< [] the simple loss after the learned variances
  at::Tensor vlb;    ///< [] the loss in the bound's weighting
};

/// The general form of the loss in the LDM code, of which the "simple" loss is elbo_weight = 0:
///   simple_weight · mean(L / exp(logvar_t) + logvar_t) + elbo_weight · mean(vlb_t · L)
///   loss     [B] one value per sample, diffusion_loss()
///   t        [B] int64, on any device
///   weights  [T] vlb_weights() of diffusion/forward_process.h
///   logvar   [T] learned log-variance per timestep, or zeros
LdmObjective ldm_objective(const at::Tensor& loss, const at::Tensor& t,
                           const std::vector<double>& weights, const at::Tensor& logvar,
                           double simple_weight, double elbo_weight);

}  // namespace sfumato
