#include "sfumato/training/elbo.h"

#include <ATen/ATen.h>

#include "sfumato/diffusion/forward_process.h"

namespace sfumato {

LdmObjective ldm_objective(const at::Tensor& loss, const at::Tensor& t,
                           const std::vector<double>& weights, const at::Tensor& logvar,
                           double simple_weight, double elbo_weight) {
  const at::Tensor own_logvar = logvar.index_select(0, t.to(logvar.device()));
  const at::Tensor gamma = (loss / own_logvar.exp() + own_logvar).mean();
  const at::Tensor vlb = (lookup(weights, t, loss) * loss).mean();
  return {.total = simple_weight * gamma + elbo_weight * vlb, .gamma = gamma, .vlb = vlb};
}

}  // namespace sfumato
