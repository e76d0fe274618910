#include "sfumato/metrics/psnr.h"

#include <ATen/ATen.h>

namespace sfumato {

at::Tensor psnr(const at::Tensor& got, const at::Tensor& want, double range) {
  const at::Tensor error = (got.to(at::kDouble) - want.to(at::kDouble)).square().flatten(1).mean(1);
  return 10.0 * at::log10(range * range / error);
}

}  // namespace sfumato
