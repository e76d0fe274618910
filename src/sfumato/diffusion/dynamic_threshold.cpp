#include "sfumato/diffusion/dynamic_threshold.h"

#include <ATen/ATen.h>

#include <vector>

namespace sfumato {
namespace {

// [B, ...] -> [B, 1, 1, ...] for values computed per image.
at::Tensor per_image(const at::Tensor& values, const at::Tensor& like) {
  std::vector<std::int64_t> shape(like.dim(), 1);
  shape[0] = like.size(0);
  return values.reshape(shape);
}

}  // namespace

at::Tensor dynamic_threshold(const at::Tensor& x0, double quantile, double largest) {
  const at::Tensor magnitudes = x0.flatten(1).abs();
  const at::Tensor s = at::quantile(magnitudes, quantile, 1).clamp(1.0, largest);
  const at::Tensor limit = per_image(s, x0);
  return at::minimum(at::maximum(x0, -limit), limit) / limit;
}

at::Tensor norm_threshold(const at::Tensor& x0, double limit) {
  const at::Tensor rms = x0.square().flatten(1).mean(1).sqrt().clamp_min(limit);
  return x0 * (limit / per_image(rms, x0));
}

at::Tensor spatial_norm_threshold(const at::Tensor& x0, double limit) {
  return x0 * (limit / x0.square().mean({1}, true).sqrt().clamp_min(limit));
}

}  // namespace sfumato
