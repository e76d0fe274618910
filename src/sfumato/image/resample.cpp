#include "sfumato/image/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kPrecisionBits = 22;

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

/// The source pixels `first`, first + 1, ... that one target pixel is made of.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;  // fixed point
};

/// The part of an axis that is resampled; begin == end asks for its edge.
struct Interval {
  double begin, end;
};

Taps taps_of(int target, int from, const Interval& part, int to, Filter filter) {
  const double scale = (part.end - part.begin) / to;
  const double stretch = std::max(scale, 1.0);
  const double support = (filter == Filter::Lanczos ? 3.0 : 2.0) * stretch;
  const double center = part.begin + (target + 0.5) * scale;
  Taps taps{.first = std::max(static_cast<int>(center - support + 0.5), 0), .weights = {}};
  const int last = std::min(static_cast<int>(center + support + 0.5), from);
  std::vector<double> weights;
  double sum = 0.0;
  for (int x = taps.first; x < last; ++x) {
    const double at = (x - center + 0.5) / stretch;
    weights.push_back(filter == Filter::Lanczos ? lanczos(at) : bicubic(at));
    sum += weights.back();
  }
  for (const double weight : weights) {
    const double fixed = (sum != 0.0 ? weight / sum : weight) * (1 << kPrecisionBits);
    taps.weights.push_back(static_cast<std::int32_t>(fixed + (fixed < 0.0 ? -0.5 : 0.5)));
  }
  return taps;
}

/// Bytes [height, width, channels].
struct Bytes {
  int width, height, channels;
  std::vector<std::uint8_t> values;
};

Bytes empty(int width, int height, int channels) {
  return {width, height, channels,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * channels)};
}

// One value; `stride` bytes lie between neighbouring source pixels.
std::uint8_t weighted(const std::uint8_t* source, std::size_t stride, const Taps& taps) {
  std::int64_t sum = std::int64_t(1) << (kPrecisionBits - 1);
  for (std::size_t k = 0; k < taps.weights.size(); ++k) {
    sum += std::int64_t(source[k * stride]) * taps.weights[k];
  }
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> kPrecisionBits, 0, 255));
}

Bytes resample_rows(const Bytes& in, const Interval& part, int width, Filter filter) {
  Bytes out = empty(width, in.height, in.channels);
  const auto channels = static_cast<std::size_t>(in.channels);
  for (int x = 0; x < width; ++x) {
    const Taps taps = taps_of(x, in.width, part, width, filter);
    for (int y = 0; y < in.height; ++y) {
      const std::size_t from = (static_cast<std::size_t>(y) * in.width + taps.first) * channels;
      const std::size_t to = (static_cast<std::size_t>(y) * width + x) * channels;
      for (std::size_t c = 0; c < channels; ++c) {
        out.values[to + c] = weighted(in.values.data() + from + c, channels, taps);
      }
    }
  }
  return out;
}

Bytes resample_columns(const Bytes& in, const Interval& part, int height, Filter filter) {
  Bytes out = empty(in.width, height, in.channels);
  const std::size_t row = static_cast<std::size_t>(in.width) * in.channels;
  for (int y = 0; y < height; ++y) {
    const Taps taps = taps_of(y, in.height, part, height, filter);
    for (std::size_t i = 0; i < row; ++i) {
      out.values[y * row + i] = weighted(in.values.data() + taps.first * row + i, row, taps);
    }
  }
  return out;
}

Bytes resample(const Bytes& in, const Interval& across, const Interval& down, int width, int height,
               Filter filter) {
  const bool sound = in.width > 0 && in.height > 0 && width > 0 && height > 0 &&
                     std::int64_t(width) * height <= std::int64_t(1) << 28 &&
                     std::int64_t(width) * in.height <= std::int64_t(1) << 28;
  if (!sound) {
    throw Error(ErrorKind::InvalidArgument,
                "cannot resize a picture of " + std::to_string(in.width) + " x " +
                    std::to_string(in.height) + " to " + std::to_string(width) + " x " +
                    std::to_string(height) + " pixels");
  }
  const auto whole = [](const Interval& part, int from, int to) {
    return from == to && part.begin == 0.0 && part.end == to;
  };
  Bytes out = whole(across, in.width, width) ? in : resample_rows(in, across, width, filter);
  return whole(down, in.height, height) ? out : resample_columns(out, down, height, filter);
}

Bytes resample(const Bytes& in, int width, int height, Filter filter) {
  return resample(in, {0.0, double(in.width)}, {0.0, double(in.height)}, width, height, filter);
}

Bytes bytes_of(const Image& image) { return {image.width, image.height, 3, image.rgb}; }
Bytes bytes_of(const Mask& mask) { return {mask.width, mask.height, 1, mask.alpha}; }

Image image_of(Bytes bytes) {
  Image image;
  image.width = bytes.width;
  image.height = bytes.height;
  image.rgb = std::move(bytes.values);
  return image;
}

Mask mask_from(Bytes bytes) {
  Mask mask;
  mask.width = bytes.width;
  mask.height = bytes.height;
  mask.alpha = std::move(bytes.values);
  return mask;
}

// Copies `part` with its upper left corner at (left, top), cut off at the edges of `canvas`.
void paste(const Bytes& part, int left, int top, Bytes& canvas) {
  const int begin = std::max(0, -left), end = std::min(part.width, canvas.width - left);
  const auto channels = static_cast<std::size_t>(part.channels);
  for (int y = std::max(0, -top); begin < end && y < std::min(part.height, canvas.height - top);
       ++y) {
    const std::size_t from = static_cast<std::size_t>(y) * part.width + begin;
    const std::size_t to = static_cast<std::size_t>(y + top) * canvas.width + (begin + left);
    std::copy_n(part.values.data() + from * channels,
                static_cast<std::size_t>(end - begin) * channels,
                canvas.values.data() + to * channels);
  }
}

/// The size of a picture in the proportions of `in` that covers or fits into width x height.
struct Size {
  int width, height;
};

Size scaled(const Bytes& in, int width, int height, bool cover) {
  const double ratio = double(width) / height, source = double(in.width) / in.height;
  const auto part = [](std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<int>(std::min<std::int64_t>(a * b / c, 1 << 28));
  };
  const bool use_width = cover ? ratio > source : ratio < source;
  const bool use_height = cover ? ratio <= source : ratio >= source;
  return {use_width ? width : part(in.width, height, in.height),
          use_height ? height : part(in.height, width, in.width)};
}

// Repeats the edges of `inner` in what it leaves free above and below, or left and right.
void fill_margins(const Bytes& inner, Bytes& canvas) {
  const double width = inner.width, height = inner.height;
  const int above = canvas.height / 2 - inner.height / 2;
  const int before = canvas.width / 2 - inner.width / 2;
  if (inner.width == canvas.width && above > 0) {
    const auto strip = [&](double y) {
      return resample(inner, {0.0, width}, {y, y}, canvas.width, above, Filter::Bicubic);
    };
    paste(strip(0.0), 0, 0, canvas);
    paste(strip(height), 0, above + inner.height, canvas);
  } else if (inner.height == canvas.height && before > 0) {
    const auto strip = [&](double x) {
      return resample(inner, {x, x}, {0.0, height}, before, canvas.height, Filter::Bicubic);
    };
    paste(strip(0.0), 0, 0, canvas);
    paste(strip(width), before + inner.width, 0, canvas);
  }
}

Bytes fitted(const Bytes& in, ResizeMode mode, int width, int height) {
  if (mode == ResizeMode::Latent) return in;
  if (mode == ResizeMode::Stretch) return resample(in, width, height, Filter::Lanczos);
  if (in.width < 1 || in.height < 1 || width < 1 || height < 1) {
    return resample(in, width, height, Filter::Lanczos);  // says what is wrong
  }
  const Size size = scaled(in, width, height, mode == ResizeMode::Crop);
  const Bytes inner = resample(in, size.width, size.height, Filter::Lanczos);
  Bytes canvas = empty(width, height, in.channels);
  paste(inner, width / 2 - size.width / 2, height / 2 - size.height / 2, canvas);
  if (mode == ResizeMode::Fill) fill_margins(inner, canvas);
  return canvas;
}

}  // namespace

Image resample(const Image& picture, int width, int height, Filter filter) {
  return image_of(resample(bytes_of(picture), width, height, filter));
}
Mask resample(const Mask& mask, int width, int height, Filter filter) {
  return mask_from(resample(bytes_of(mask), width, height, filter));
}
Image fitted(const Image& picture, ResizeMode mode, int width, int height) {
  return image_of(fitted(bytes_of(picture), mode, width, height));
}
Mask fitted(const Mask& mask, ResizeMode mode, int width, int height) {
  return mask_from(fitted(bytes_of(mask), mode, width, height));
}

}  // namespace sfumato
