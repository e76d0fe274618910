#pragma once

#include "sfumato/image/mask.h"

namespace sfumato {

enum class Filter { Bicubic, Lanczos };  ///< Keys 1981 with a = -1/2; three lobes

/// Resampling with exactly the numbers of Pillow (libImaging/Resample.c): rows, then columns, 8
/// bits between; shrinking widens the kernel. Throws InvalidArgument for an empty picture or a
/// result above 2^28 pixels.
Image resample(const Image& picture, int width, int height, Filter filter);
Mask resample(const Mask& mask, int width, int height, Filter filter);

/// How img2img brings a picture to another size.
enum class ResizeMode {
  Stretch,  ///< to width x height, whatever the proportions
  Crop,     ///< fills width x height, what stands out is cut off on both sides
  Fill,     ///< fits into width x height, the rest repeats the edges
  Latent,   ///< not at all: the latents are stretched instead
};

/// Source: A1111 and Forge, modules/images.py, resize_image with Lanczos.
Image fitted(const Image& picture, ResizeMode mode, int width, int height);
Mask fitted(const Mask& mask, ResizeMode mode, int width, int height);

}  // namespace sfumato
