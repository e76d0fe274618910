#include "sfumato/tensor/clip_pixels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sfumato/base/error.h"
#include "sfumato/image/resample.h"

namespace sfumato {

Image resize_bicubic(const Image& image, int width, int height) {
  return resample(image, width, height, Filter::Bicubic);
}

at::Tensor clip_pixels(const Image& image, int size, const PixelStatistics& statistics) {
  const int shorter = std::min(image.width, image.height);
  if (shorter <= 0) {
    throw Error(ErrorKind::InvalidArgument, "CLIP pixels: the picture is empty");
  }
  const auto scaled = [&](int side) { return int(std::int64_t(size) * side / shorter); };
  const Image resized = resize_bicubic(image, scaled(image.width), scaled(image.height));
  // Ties go to the even offset, as in the original.
  const int left = int(std::nearbyint((resized.width - size) / 2.0));
  const int top = int(std::nearbyint((resized.height - size) / 2.0));

  at::Tensor pixels = at::empty({3, size, size}, at::kFloat);
  auto* out = pixels.data_ptr<float>();
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const double value = resized.pixel(left + x, top + y)[c] / 255.0;
        *out++ = float((value - statistics.mean[c]) / statistics.std[c]);
      }
    }
  }
  return pixels;
}

}  // namespace sfumato
