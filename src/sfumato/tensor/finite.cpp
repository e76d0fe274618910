#include "sfumato/tensor/finite.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sfumato {

bool all_finite(const at::Tensor& values) {
  if (!values.is_floating_point() || values.numel() == 0) return true;
  // One pass without a mask; only a sum that is not finite needs the exact look.
  if (std::isfinite(values.sum(at::kFloat).item<float>())) return true;
  return at::isfinite(values).all().item<bool>();
}

}  // namespace sfumato
