#include "sfumato/diffusion/mimic_guidance.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "sfumato/diffusion/guidance.h"

namespace sfumato {
namespace {

// Half and whole turns as the extension has them, in which "half" means cos(1).
constexpr double kQuarterTurn = 1.5707, kTurn = 6.28318;

double share_of(ScaleMode mode, double shape, double t) {
  const double wave = std::fmod(t * shape, 1.0);
  switch (mode) {
    case ScaleMode::Constant:
      return 1.0;
    case ScaleMode::LinearDown:
      return 1.0 - t;
    case ScaleMode::CosineDown:
      return std::cos(t * kQuarterTurn);
    case ScaleMode::HalfCosineDown:
      return std::cos(t);
    case ScaleMode::LinearUp:
      return t;
    case ScaleMode::CosineUp:
      return 1.0 - std::cos(t * kQuarterTurn);
    case ScaleMode::HalfCosineUp:
      return 1.0 - std::cos(t);
    case ScaleMode::PowerUp:
      return std::pow(t, shape);
    case ScaleMode::PowerDown:
      return 1.0 - std::pow(t, shape);
    case ScaleMode::LinearRepeating:
      return 2.0 * std::abs(wave - 0.5);
    case ScaleMode::CosineRepeating:
      return 0.5 * std::cos(t * kTurn * shape) + 0.5;
    case ScaleMode::Sawtooth:
      return wave;
  }
  return 1.0;  // unreachable: -Wswitch keeps the list complete
}

}  // namespace

double scheduled_scale(double scale, double least, ScaleMode mode, double shape, double progress) {
  return least + (scale - least) * share_of(mode, shape, progress);
}

at::Tensor guide_mimicking(const at::Tensor& cond, const at::Tensor& uncond, double scale,
                           double mimic_scale, const MimicOptions& o) {
  const at::Tensor target = guide(cond, uncond, scale);
  const at::Tensor flat = target.flatten(2);  // [B, C, H * W]
  const at::Tensor mimic = guide(cond, uncond, mimic_scale).flatten(2);
  const at::Tensor means = flat.mean(2, true);
  const at::Tensor centred = flat - means, mimic_centred = mimic - mimic.mean(2, true);

  // One number per channel or image, shaped to multiply with `flat`.
  const auto grouped = [&](const at::Tensor& x) { return o.per_channel ? x : x.flatten(1); };
  const auto shaped = [&](const at::Tensor& x) {
    return o.per_channel ? x.unsqueeze(2) : x.reshape({-1, 1, 1});
  };
  const auto spread = [&](const at::Tensor& x, double quantile) {
    const at::Tensor g = grouped(x);
    const std::vector<std::int64_t> last{g.dim() - 1};
    if (o.by_deviation) return shaped(g.std(last, /*unbiased=*/true, /*keepdim=*/false));
    return shaped(at::quantile(g.abs(), quantile, g.dim() - 1));
  };
  const at::Tensor wanted = spread(mimic_centred, 1.0), found = spread(centred, o.percentile);

  at::Tensor result;
  if (o.from_zero) {
    result = flat * (wanted / found);
  } else if (o.by_deviation) {
    result = centred / found * wanted + means;
  } else {
    const at::Tensor most = at::maximum(wanted, found);
    result = at::minimum(at::maximum(centred, -most), most) / most * wanted + means;
  }
  return o.share * result.reshape_as(target) + (1.0 - o.share) * target;
}

}  // namespace sfumato
