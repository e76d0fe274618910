#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace sfumato {

/// Where the noise comes from: standard normal numbers of a shape, on the device of the model, and
/// one uniform number in [0, 1).
struct RandomNumbers {
  std::function<at::Tensor(at::IntArrayRef shape)> normal;
  std::function<double()> uniform;
};

/// What is added to the white noise of training, so that a picture's coarse parts are learned as
/// well: white noise hardly hides them. Named as in kohya's sd-scripts; zeros mean none.
struct NoiseConfig {
  double noise_offset = 0.0;  ///< 0.05 .. 0.1 are usual
  double adaptive_noise_scale = 0.0;
  std::int64_t multires_noise_iterations = 0;  ///< 6 .. 10 are usual
  double multires_noise_discount = 0.3;
};

/// Offset noise (N. Guttenberg 2023): one more number for every channel of every picture,
/// noise_offset times a normal one. adaptive_noise_scale adds so much of the channel's |mean| in
/// `latents`; the sum is at least 0.
///   latents, noise  [B, C, H, W]
at::Tensor with_noise_offset(const NoiseConfig& config, const at::Tensor& latents,
                             const at::Tensor& noise, const RandomNumbers& source);

/// Pyramid noise (J. Whitaker 2023): plus normal noise of ever lower resolution, r^i times smaller
/// and discount^i times weaker with r drawn from [2, 4) each time, until a side is 1; divided by
/// the standard deviation of it all.
///   noise   [B, C, H, W]
at::Tensor with_pyramid_noise(const NoiseConfig& config, const at::Tensor& noise,
                              const RandomNumbers& source);

/// The noise of a training step, like `latents`: white, with the above as `config` asks.
at::Tensor training_noise(const NoiseConfig& config, const at::Tensor& latents,
                          const RandomNumbers& source);

}  // namespace sfumato
