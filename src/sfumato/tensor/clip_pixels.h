#pragma once

#include <ATen/core/Tensor.h>

#include <array>

#include "sfumato/image/image.h"

namespace sfumato {

/// Per-channel statistics that CLIP's pictures are normalised with.
struct PixelStatistics {
  std::array<double, 3> mean{0.48145466, 0.4578275, 0.40821073};
  std::array<double, 3> std{0.26862954, 0.26130258, 0.27577711};
};

/// A picture as CLIP's image tower wants it (Radford et al. 2021, published preprocessing): shorter
/// side resized to `size` by antialiased bicubic interpolation, centre crop, (value/255 -
/// mean)/std.
///   return  float32 [3, size, size]
at::Tensor clip_pixels(const Image& image, int size, const PixelStatistics& statistics = {});

/// Bicubic (a = -0.5) with antialiasing when shrinking, in the 8-bit fixed-point arithmetic of the
/// imaging library that CLIP was trained with: horizontal pass, then vertical, each rounded.
Image resize_bicubic(const Image& image, int width, int height);

}  // namespace sfumato
