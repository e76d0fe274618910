#include "sfumato/diffusion/guide_regions.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

constexpr std::int64_t kFade = 8;

// 1 inside, falling to 1/8 at the borders that are not those of the picture.
at::Tensor ramp(std::int64_t length, bool fade_start, bool fade_end) {
  const at::Tensor weights = at::ones({length});
  float* w = weights.data_ptr<float>();
  for (std::int64_t t = 0; t < std::min(kFade, length); ++t) {
    const float share = static_cast<float>(t + 1) / kFade;
    if (fade_start) w[t] *= share;
    if (fade_end) w[length - 1 - t] *= share;
  }
  return weights;
}

// Where the region's prediction lies in the picture.
at::Tensor part(const at::Tensor& whole, const Region& region) {
  if (!region.area) return whole;
  const auto& a = *region.area;
  const bool fits = a.y >= 0 && a.x >= 0 && a.height > 0 && a.width > 0 &&
                    a.height <= whole.size(2) - a.y && a.width <= whole.size(3) - a.x;
  if (!fits) {
    throw Error(ErrorKind::InvalidArgument,
                "region: area does not lie in a latent of " + shape_string(whole.sizes()));
  }
  return whole.narrow(2, a.y, a.height).narrow(3, a.x, a.width);
}

at::Tensor weights(const Region& region, const at::Tensor& whole) {
  at::Tensor w = at::full({1, 1, 1, 1}, region.strength, whole.options());
  if (region.mask) return w * *region.mask;
  if (!region.area) return w;
  const auto& a = *region.area;
  const at::Tensor rows = ramp(a.height, a.y > 0, a.y + a.height < whole.size(2));
  const at::Tensor columns = ramp(a.width, a.x > 0, a.x + a.width < whole.size(3));
  return w * (rows.unsqueeze(1) * columns.unsqueeze(0)).to(whole.options());
}

}  // namespace

at::Tensor guide_regions(std::span<const Region> regions, const at::Tensor& uncond, double scale) {
  const at::Tensor sum = at::zeros_like(uncond);
  const at::Tensor count = at::full_like(uncond, 1e-37);  // keeps places without prompt finite
  double strengths = 0.0;
  for (const Region& region : regions) {
    const at::Tensor w = weights(region, uncond);
    part(sum, region).add_(region.prediction * w);
    part(count, region).add_(w.expand_as(part(count, region)));
    strengths += region.strength;
  }
  return uncond + scale * strengths * (sum / count - uncond);
}

}  // namespace sfumato
