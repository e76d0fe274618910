#include "sfumato/training/elbo.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace sfumato {

at::Tensor vlb_weights(const NoiseSchedule& schedule, Prediction prediction) {
  const auto& betas = schedule.betas();
  const auto& abar = schedule.alphas_cumprod();
  std::vector<double> weights(betas.size(), 1.0);
  for (std::size_t t = 1; t < betas.size(); ++t) {
    if (prediction == Prediction::Epsilon) {
      const double variance = betas[t] * (1 - abar[t - 1]) / (1 - abar[t]);
      weights[t] = betas[t] * betas[t] / (2 * variance * (1 - betas[t]) * (1 - abar[t]));
    } else if (prediction == Prediction::Sample) {
      weights[t] = 0.5 * std::sqrt(abar[t]) / (2 - abar[t]);
    }
  }
  if (weights.size() > 1) weights[0] = weights[1];
  return at::tensor(weights, at::kDouble);
}

LdmObjective ldm_objective(const at::Tensor& loss, const at::Tensor& t, const at::Tensor& weights,
                           const at::Tensor& logvar, double simple_weight, double elbo_weight) {
  const at::Tensor own_logvar = logvar.index_select(0, t);
  const at::Tensor gamma = (loss / own_logvar.exp() + own_logvar).mean();
  const at::Tensor vlb = (weights.index_select(0, t).to(loss.scalar_type()) * loss).mean();
  return {.total = simple_weight * gamma + elbo_weight * vlb, .gamma = gamma, .vlb = vlb};
}

}  // namespace sfumato
