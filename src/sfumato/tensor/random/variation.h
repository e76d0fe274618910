#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/tensor/random/noise.h"

namespace sfumato {

/// Between two noises along the sphere, so that the mixture is as strong as either: `low` at 0,
/// `high` at 1. Rows along dimension 1 turn by their own angle (Shoemake 1985). Nearly parallel
/// inputs are mixed linearly, with the roles exchanged, as the web interface does.
///   low, high  [C, H, W] or any shape of two or more dimensions
at::Tensor slerp(double amount, const at::Tensor& low, const at::Tensor& high);

/// The noise of one image as the web interface draws it.
struct ImageNoiseOptions {
  std::string source = "torch_cpu";  ///< as make_noise_source
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> variation_seed = std::nullopt;
  double variation_strength = 0.0;  ///< how far the first noise turns to the other seed's
  /// Latent size [H, W] of the picture whose composition is to be kept at another size.
  std::optional<std::pair<std::int64_t, std::int64_t>> resize_from = std::nullopt;
  /// Added to the seed for all noise after the first ("eta noise seed delta").
  std::uint64_t seed_delta = 0;
  /// Shape of what was drawn from the same seed before (noise on a picture that the model sees), so
  /// that the first noise is another; empty: nothing was.
  std::vector<std::int64_t> drawn_before = {};
};

/// A stream of unit noise of one shape: the first call gives the start, the later ones the noise
/// of the sampler's steps.
class ImageNoise {
 public:
  /// shape [C, H, W]
  ImageNoise(ImageNoiseOptions options, at::IntArrayRef shape);
  at::Tensor next();  ///< [C, H, W]

 private:
  at::Tensor first();

  ImageNoiseOptions options_;
  std::vector<std::int64_t> shape_;
  NoiseSource stream_;
  bool started_ = false;
};

}  // namespace sfumato
