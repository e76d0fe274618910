#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/image/draw.h"

namespace sfumato {
namespace {

/// The source pixels that make one target pixel along an axis: from `first` on, with these weights.
struct AreaTaps {
  int first = 0;
  std::vector<float> weights;
};

// Shrinking: the share of each source pixel that the target pixel covers. Enlarging: linear between
// the two nearest pixel centres.
AreaTaps area_taps(int target, int from, int to) {
  const double scale = double(from) / to;
  AreaTaps taps;
  if (scale > 1.0) {
    const double begin = target * scale, end = std::min<double>(begin + scale, from);
    taps.first = std::min(static_cast<int>(begin), from - 1);
    for (int i = taps.first; i < end && i < from; ++i) {
      const double covered = std::min<double>(end, i + 1) - std::max<double>(begin, i);
      taps.weights.push_back(static_cast<float>(std::max(covered, 0.0) / (end - begin)));
    }
    return taps;
  }
  const double at = std::clamp((target + 0.5) * scale - 0.5, 0.0, double(from - 1));
  taps.first = static_cast<int>(at);
  const auto fraction = static_cast<float>(at - taps.first);
  taps.weights = {1.0f - fraction};
  if (taps.first + 1 < from) taps.weights.push_back(fraction);
  return taps;
}

void check_size(const Image& image, int width, int height) {
  const bool sound = image.width > 0 && image.height > 0 && width > 0 && height > 0 &&
                     std::int64_t(width) * height <= (std::int64_t(1) << 28);
  if (sound) return;
  throw Error(ErrorKind::InvalidArgument,
              "cannot resize a picture of " + std::to_string(image.width) + " x " +
                  std::to_string(image.height) + " to " + std::to_string(width) + " x " +
                  std::to_string(height) + " pixels");
}

}  // namespace

Image resize(const Image& image, int width, int height) {
  check_size(image, width, height);
  if (width == image.width && height == image.height) return image;

  // Rows first: [image.height, width, 3].
  std::vector<float> rows(static_cast<std::size_t>(image.height) * width * 3);
  for (int x = 0; x < width; ++x) {
    const AreaTaps taps = area_taps(x, image.width, width);
    for (int y = 0; y < image.height; ++y) {
      for (int c = 0; c < 3; ++c) {
        float sum = 0.0f;
        for (std::size_t i = 0; i < taps.weights.size(); ++i) {
          sum += taps.weights[i] * float(image.pixel(taps.first + static_cast<int>(i), y)[c]);
        }
        rows[(static_cast<std::size_t>(y) * width + x) * 3 + c] = sum;
      }
    }
  }
  Image result(width, height);
  const std::size_t row = static_cast<std::size_t>(width) * 3;
  for (int y = 0; y < height; ++y) {
    const AreaTaps taps = area_taps(y, image.height, height);
    for (std::size_t i = 0; i < row; ++i) {
      float sum = 0.5f;
      for (std::size_t t = 0; t < taps.weights.size(); ++t) {
        sum += taps.weights[t] * rows[(taps.first + t) * row + i];
      }
      result.rgb[y * row + i] = static_cast<std::uint8_t>(std::clamp(sum, 0.0f, 255.0f));
    }
  }
  return result;
}

Image resize_and_crop(const Image& image, int size) {
  check_size(image, size, size);
  const double scale = double(size) / std::min(image.width, image.height);
  const int width = std::max(size, static_cast<int>(std::lround(image.width * scale)));
  const int height = std::max(size, static_cast<int>(std::lround(image.height * scale)));
  const Image scaled = resize(image, width, height);
  const int left = (width - size) / 2, top = (height - size) / 2;
  Image result(size, size);
  for (int y = 0; y < size; ++y) {
    std::copy_n(scaled.pixel(left, top + y), std::size_t(size) * 3, result.pixel(0, y));
  }
  return result;
}

}  // namespace sfumato
