#include <algorithm>
#include <array>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/image/mask.h"

// The arithmetic is that of Pillow (libImaging/BoxBlur.c, AlphaComposite.c, Paste.c, Convert.c), so
// that pictures come out as in programs built on it.
namespace sfumato {
namespace {

/// Four channels a pixel, RGB and alpha.
struct Layer {
  int width, height;
  std::vector<std::uint8_t> rgba;
};

// Division by 255, rounded.
unsigned divided(unsigned value) {
  value += 128;
  return ((value >> 8) + value) >> 8;
}

/// A box of which a fraction of both outer pixels counts: three of them in a row come close to a
/// Gaussian (Gwosdek et al. 2011, eqs. 7, 11, 14).
struct BoxKernel {
  int radius;
  std::uint32_t inner, outer;  ///< weights in units of 2^-24

  explicit BoxKernel(float sigma) {
    constexpr int kPasses = 3;
    const float variance = sigma * sigma / kPasses;
    const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
    const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
    float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    fraction /= 6 * (variance - (whole + 1) * (whole + 1));
    const float reach = whole + fraction;
    radius = static_cast<int>(reach);
    inner = static_cast<std::uint32_t>((1 << 24) / (reach * 2 + 1));
    outer = ((1u << 24) - (static_cast<std::uint32_t>(radius) * 2 + 1) * inner) / 2;
  }
};

// One line of one channel; beyond the ends stands the first and last value.
void box_line(const std::uint8_t* in, std::uint8_t* out, int count, const BoxKernel& kernel) {
  const auto at = [&](int i) -> std::uint32_t { return in[4 * std::clamp(i, 0, count - 1)]; };
  std::uint32_t sum = 0;
  for (int i = -kernel.radius - 1; i < kernel.radius; ++i) sum += at(i);
  for (int i = 0; i < count; ++i) {
    sum += at(i + kernel.radius) - at(i - kernel.radius - 1);
    const std::uint32_t edges = at(i - kernel.radius - 1) + at(i + kernel.radius + 1);
    out[4 * i] =
        static_cast<std::uint8_t>((sum * kernel.inner + edges * kernel.outer + (1u << 23)) >> 24);
  }
}

Layer transposed(const Layer& layer) {
  Layer result{.width = layer.height, .height = layer.width, .rgba = {}};
  result.rgba.resize(layer.rgba.size());
  for (int y = 0; y < layer.height; ++y) {
    for (int x = 0; x < layer.width; ++x) {
      const std::size_t from = static_cast<std::size_t>(y) * layer.width + x;
      const std::size_t to = static_cast<std::size_t>(x) * layer.height + y;
      std::copy_n(&layer.rgba[4 * from], 4, &result.rgba[4 * to]);
    }
  }
  return result;
}

Layer blurred_rows(Layer layer, const BoxKernel& kernel) {
  Layer result = layer;
  const std::size_t row = static_cast<std::size_t>(layer.width) * 4;
  for (int pass = 0; pass < 3; ++pass) {
    for (int y = 0; y < layer.height; ++y) {
      for (std::size_t c = 0; c < 4; ++c) {
        const std::size_t begin = row * y + c;
        box_line(&layer.rgba[begin], &result.rgba[begin], layer.width, kernel);
      }
    }
    std::swap(layer, result);
  }
  return layer;
}

Layer gaussian_blur(const Layer& layer, float sigma) {
  if (sigma == 0) return layer;
  const BoxKernel kernel(sigma);
  return transposed(blurred_rows(transposed(blurred_rows(layer, kernel)), kernel));
}

// Colours multiplied by alpha -> colours beside alpha.
void divide_by_alpha(Layer& layer) {
  for (std::size_t i = 0; i < layer.rgba.size(); i += 4) {
    const unsigned alpha = layer.rgba[i + 3];
    if (alpha == 0 || alpha == 255) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      layer.rgba[i + c] =
          static_cast<std::uint8_t>(std::min(255u * layer.rgba[i + c] / alpha, 255u));
    }
  }
}

// `upper` over `lower`.
void composite(Layer& lower, const Layer& upper) {
  constexpr unsigned kBits = 7;
  const auto without_255 = [](unsigned value) { return ((value >> 8) + value) >> 8; };
  for (std::size_t i = 0; i < lower.rgba.size(); i += 4) {
    std::uint8_t* below = &lower.rgba[i];
    const std::uint8_t* above = &upper.rgba[i];
    if (above[3] == 0) continue;
    const unsigned rest = below[3] * (255u - above[3]);
    const unsigned alpha = above[3] * 255u + rest;
    const unsigned weight = above[3] * 255u * 255u * (1u << kBits) / alpha;
    const unsigned other = 255u * (1u << kBits) - weight;
    for (std::size_t c = 0; c < 3; ++c) {
      const unsigned mixed = above[c] * weight + below[c] * other + (0x80u << kBits);
      below[c] = static_cast<std::uint8_t>(without_255(mixed) >> kBits);
    }
    below[3] = static_cast<std::uint8_t>(without_255(alpha + 0x80u));
  }
}

// The unmasked part, colours multiplied by how much of it stays.
Layer unmasked(const Image& picture, const Mask& mask) {
  Layer layer{.width = picture.width, .height = picture.height, .rgba = {}};
  layer.rgba.resize(mask.alpha.size() * 4);
  for (std::size_t i = 0; i < mask.alpha.size(); ++i) {
    const unsigned keep = 255u - mask.alpha[i];
    for (std::size_t c = 0; c < 3; ++c) {
      layer.rgba[4 * i + c] = static_cast<std::uint8_t>(divided(picture.rgb[3 * i + c] * keep));
    }
    layer.rgba[4 * i + 3] = static_cast<std::uint8_t>(divided(255u * keep));
  }
  return layer;
}

struct Pass {
  float sigma;
  int repeats;
};
constexpr std::array<Pass, 6> kPasses{{{256, 1}, {64, 1}, {16, 2}, {4, 4}, {2, 2}, {0, 1}}};

}  // namespace

Image filled(const Image& picture, const Mask& mask) {
  if (mask.width != picture.width || mask.height != picture.height || mask.alpha.empty()) {
    throw Error(ErrorKind::InvalidArgument, "the mask has another size than the picture");
  }
  const Layer source = unmasked(picture, mask);
  Layer result{.width = picture.width, .height = picture.height, .rgba = {}};
  result.rgba.assign(source.rgba.size(), 0);
  for (const Pass& pass : kPasses) {
    Layer layer = gaussian_blur(source, pass.sigma);
    divide_by_alpha(layer);
    for (int i = 0; i < pass.repeats; ++i) composite(result, layer);
  }
  Image image(picture.width, picture.height);
  for (std::size_t i = 0; i < mask.alpha.size(); ++i) {
    std::copy_n(&result.rgba[4 * i], 3, &image.rgb[3 * i]);
  }
  return image;
}

}  // namespace sfumato
