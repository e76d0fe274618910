#include "sfumato/training/training_noise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace sfumato {

at::Tensor with_noise_offset(const NoiseConfig& config, const at::Tensor& latents,
                             const at::Tensor& noise, const RandomNumbers& source) {
  const at::Tensor shift = source.normal({latents.size(0), latents.size(1), 1, 1});
  if (config.adaptive_noise_scale == 0.0) return noise + config.noise_offset * shift;
  const at::Tensor mean = latents.mean({2, 3}, /*keepdim=*/true).abs();
  const at::Tensor strength = config.noise_offset + config.adaptive_noise_scale * mean;
  return noise + strength.clamp_min(0.0) * shift;
}

at::Tensor with_pyramid_noise(const NoiseConfig& config, const at::Tensor& noise,
                              const RandomNumbers& source) {
  const std::int64_t height = noise.size(2), width = noise.size(3);
  at::Tensor sum = noise;
  for (std::int64_t i = 0; i < config.multires_noise_iterations; ++i) {
    const double shrink = std::pow(2.0 + 2.0 * source.uniform(), static_cast<double>(i));
    const auto shrunk = [&](std::int64_t side) {
      return std::max<std::int64_t>(1,
                                    static_cast<std::int64_t>(static_cast<double>(side) / shrink));
    };
    const at::Tensor level =
        source.normal({noise.size(0), noise.size(1), shrunk(height), shrunk(width)});
    sum = sum + at::upsample_bilinear2d(level, {height, width}, /*align_corners=*/false) *
                    std::pow(config.multires_noise_discount, static_cast<double>(i));
    if (shrunk(height) == 1 || shrunk(width) == 1) break;
  }
  return sum / sum.std();
}

at::Tensor training_noise(const NoiseConfig& config, const at::Tensor& latents,
                          const RandomNumbers& source) {
  at::Tensor noise = source.normal(latents.sizes());
  if (config.noise_offset != 0.0) noise = with_noise_offset(config, latents, noise, source);
  if (config.multires_noise_iterations > 0) noise = with_pyramid_noise(config, noise, source);
  return noise;
}

}  // namespace sfumato
