#include "sfumato/tensor/clip_pixels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kPrecisionBits = 22;

double bicubic(double x) {  // Keys 1981 with a = -1/2
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

// The source pixels `first, first+1, ...` that one destination pixel is made of.
struct Taps {
  int first;
  std::vector<std::int32_t> weights;  // fixed point
};

std::vector<Taps> taps(int from, int to) {
  const double scale = double(from) / to;
  const double stretch = std::max(scale, 1.0);  // shrinking widens the kernel
  const double support = 2.0 * stretch;
  std::vector<Taps> all(to);
  for (int i = 0; i < to; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(int(center - support + 0.5), 0);
    const int last = std::min(int(center + support + 0.5), from);
    std::vector<double> weights;
    double sum = 0.0;
    for (int x = first; x < last; ++x) {
      weights.push_back(bicubic((x - center + 0.5) / stretch));
      sum += weights.back();
    }
    all[i].first = first;
    for (const double weight : weights) {
      const double fixed = weight / sum * (1 << kPrecisionBits);
      all[i].weights.push_back(std::int32_t(fixed + (fixed < 0.0 ? -0.5 : 0.5)));
    }
  }
  return all;
}

// One output value: `stride` bytes lie between neighbouring source pixels.
std::uint8_t weighted(const std::uint8_t* source, std::ptrdiff_t stride, const Taps& t) {
  std::int64_t sum = std::int64_t(1) << (kPrecisionBits - 1);
  for (std::size_t k = 0; k < t.weights.size(); ++k) {
    sum += std::int64_t(source[std::ptrdiff_t(k) * stride]) * t.weights[k];
  }
  return std::uint8_t(std::clamp<std::int64_t>(sum >> kPrecisionBits, 0, 255));
}

Image resize_rows(const Image& in, int width) {
  Image out(width, in.height);
  const auto columns = taps(in.width, width);
  for (int y = 0; y < in.height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        out.pixel(x, y)[c] = weighted(in.pixel(columns[x].first, y) + c, 3, columns[x]);
      }
    }
  }
  return out;
}

Image resize_columns(const Image& in, int height) {
  Image out(in.width, height);
  const auto rows = taps(in.height, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < in.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        out.pixel(x, y)[c] =
            weighted(in.pixel(x, rows[y].first) + c, std::ptrdiff_t(in.width) * 3, rows[y]);
      }
    }
  }
  return out;
}

}  // namespace

Image resize_bicubic(const Image& image, int width, int height) {
  if (image.width <= 0 || image.height <= 0 || width <= 0 || height <= 0) {
    throw Error(ErrorKind::InvalidArgument, "resize: a picture needs at least one pixel");
  }
  const Image narrow = image.width == width ? image : resize_rows(image, width);
  return narrow.height == height ? narrow : resize_columns(narrow, height);
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
