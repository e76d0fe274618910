#include "sfumato/family/emphasis.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sfumato {
namespace {

double mean_of(const at::Tensor& z, const at::Tensor& repeats) {
  const at::Tensor counts = repeats.to(z.device(), at::kDouble);
  const at::Tensor rows = z.mean({1, 2}, /*keepdim=*/false, at::kDouble);
  return ((rows * counts).sum() / counts.sum()).item<double>();
}

}  // namespace

at::Tensor emphasize(const at::Tensor& z, const at::Tensor& multipliers, const at::Tensor& repeats,
                     Emphasis emphasis) {
  if (emphasis == Emphasis::None || emphasis == Emphasis::Ignore) return z;
  const at::Tensor weighted = z * multipliers.to(z.device(), z.scalar_type()).unsqueeze(-1);
  if (emphasis == Emphasis::NoNorm) return weighted;
  const double ratio = mean_of(z, repeats) / mean_of(weighted, repeats);
  return std::isfinite(ratio) ? weighted * ratio : weighted;  // a mean of 0 cannot be restored
}

}  // namespace sfumato
