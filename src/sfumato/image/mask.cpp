#include "sfumato/image/mask.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

std::string size_text(int width, int height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

// The place that a mirror at both ends shows (without repeating the edge itself).
int mirrored(int at, int count) {
  if (count == 1) return 0;
  const int period = 2 * (count - 1);
  at = (at % period + period) % period;
  return at < count ? at : period - at;
}

std::vector<float> gaussian(double sigma) {
  const int radius = static_cast<int>(2.5 * sigma + 0.5);
  std::vector<double> weights;
  double sum = 0.0;
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 * i * i / (sigma * sigma)));
    sum += weights.back();
  }
  std::vector<float> kernel;
  for (const double weight : weights) kernel.push_back(static_cast<float>(weight / sum));
  return kernel;
}

// Blurs `count` values that stand `stride` bytes apart.
void blur_line(std::uint8_t* line, std::size_t stride, int count, const std::vector<float>& kernel,
               std::vector<float>& wide) {
  const int radius = static_cast<int>(kernel.size() / 2);
  wide.resize(static_cast<std::size_t>(count) + 2 * radius);
  for (int i = -radius; i < count + radius; ++i) {
    wide[static_cast<std::size_t>(i + radius)] = line[stride * mirrored(i, count)];
  }
  for (int i = 0; i < count; ++i) {
    float sum = 0.5f;
    for (std::size_t k = 0; k < kernel.size(); ++k) sum += kernel[k] * wide[i + k];
    line[stride * i] = static_cast<std::uint8_t>(std::min(sum, 255.0f));
  }
}

void check_inside(const Rect& area, int width, int height) {
  const bool inside = 0 <= area.left && area.left < area.right && area.right <= width &&
                      0 <= area.top && area.top < area.bottom && area.bottom <= height;
  if (inside) return;
  throw Error(ErrorKind::InvalidArgument,
              "cannot cut x " + std::to_string(area.left) + ".." + std::to_string(area.right) +
                  ", y " + std::to_string(area.top) + ".." + std::to_string(area.bottom) +
                  " from a picture of " + size_text(width, height) + " pixels");
}

// Rows of `from`, `channels` bytes a pixel, into `to` at (left, top), clipped.
void paste_rows(const std::uint8_t* from, int from_width, int from_height, std::uint8_t* to,
                int to_width, int to_height, int left, int top, std::size_t channels) {
  const int begin = std::max(0, -left), end = std::min(from_width, to_width - left);
  if (begin >= end) return;
  for (int y = std::max(0, -top); y < std::min(from_height, to_height - top); ++y) {
    const std::size_t source = static_cast<std::size_t>(y) * from_width + begin;
    const std::size_t target = static_cast<std::size_t>(y + top) * to_width + (begin + left);
    std::copy_n(from + source * channels, static_cast<std::size_t>(end - begin) * channels,
                to + target * channels);
  }
}

}  // namespace

Mask mask_of(const Image& picture) {
  Mask mask(picture.width, picture.height);
  for (std::size_t i = 0; i < mask.alpha.size(); ++i) {
    const std::uint8_t* p = &picture.rgb[3 * i];
    mask.alpha[i] =
        static_cast<std::uint8_t>((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >> 16);
  }
  return mask;
}

Mask inverted(Mask mask) {
  for (auto& alpha : mask.alpha) alpha = static_cast<std::uint8_t>(255 - alpha);
  return mask;
}

Mask blurred(const Mask& mask, double sigma_x, double sigma_y) {
  constexpr double kWidest = 1024;
  if (!(sigma_x >= 0 && sigma_x <= kWidest && sigma_y >= 0 && sigma_y <= kWidest)) {
    throw Error(ErrorKind::InvalidArgument, "mask blur: expected 0 to 1024 pixels, found " +
                                                std::to_string(sigma_x) + " and " +
                                                std::to_string(sigma_y));
  }
  Mask result = mask;
  std::vector<float> wide;
  if (sigma_x > 0 && mask.width > 0) {
    const auto kernel = gaussian(sigma_x);
    for (int y = 0; y < mask.height; ++y) blur_line(result.row(y), 1, mask.width, kernel, wide);
  }
  if (sigma_y > 0 && mask.height > 0) {
    const auto kernel = gaussian(sigma_y);
    for (int x = 0; x < mask.width; ++x) {
      blur_line(result.alpha.data() + x, static_cast<std::size_t>(mask.width), mask.height, kernel,
                wide);
    }
  }
  return result;
}

std::optional<Rect> masked_area(const Mask& mask, int padding) {
  Rect area{.left = mask.width, .top = mask.height, .right = 0, .bottom = 0};
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (mask.row(y)[x] == 0) continue;
      area.left = std::min(area.left, x);
      area.right = std::max(area.right, x + 1);
      area.top = std::min(area.top, y);
      area.bottom = y + 1;
    }
  }
  if (area.right == 0) return std::nullopt;
  padding = std::clamp(padding, 0, std::max(mask.width, mask.height));
  return Rect{.left = std::max(area.left - padding, 0),
              .top = std::max(area.top - padding, 0),
              .right = std::min(area.right + padding, mask.width),
              .bottom = std::min(area.bottom + padding, mask.height)};
}

namespace {

// Lengthens [begin, end) by `more`, half on either side, moved into 0 .. count where it fits.
void widen(int& begin, int& end, int more, int count) {
  begin -= more / 2;
  end += more - more / 2;
  if (end >= count) {
    begin -= end - count;
    end = count;
  }
  if (begin < 0) {
    end -= begin;
    begin = 0;
  }
  end = std::min(end, count);
}

}  // namespace

Rect widened_to_aspect(Rect area, int width, int height, int picture_width, int picture_height) {
  if (area.width() <= 0 || area.height() <= 0 || width <= 0 || height <= 0) {
    throw Error(ErrorKind::InvalidArgument,
                "cannot bring an area of " + size_text(area.width(), area.height()) +
                    " pixels to the proportions of " + size_text(width, height));
  }
  const double wanted = double(width) / height;
  if (double(area.width()) / area.height() > wanted) {
    const double more = area.width() / wanted - area.height();
    widen(area.top, area.bottom, static_cast<int>(std::min<double>(more, picture_height)),
          picture_height);
  } else {
    const double more = area.height() * wanted - area.width();
    widen(area.left, area.right, static_cast<int>(std::min<double>(more, picture_width)),
          picture_width);
  }
  return area;
}

Image cropped(const Image& picture, const Rect& area) {
  check_inside(area, picture.width, picture.height);
  Image result(area.width(), area.height());
  paste(picture, -area.left, -area.top, result);
  return result;
}

Mask cropped(const Mask& mask, const Rect& area) {
  check_inside(area, mask.width, mask.height);
  Mask result(area.width(), area.height());
  paste(mask, -area.left, -area.top, result);
  return result;
}

void paste(const Image& picture, int left, int top, Image& canvas) {
  paste_rows(picture.rgb.data(), picture.width, picture.height, canvas.rgb.data(), canvas.width,
             canvas.height, left, top, 3);
}

void paste(const Mask& mask, int left, int top, Mask& canvas) {
  paste_rows(mask.alpha.data(), mask.width, mask.height, canvas.alpha.data(), canvas.width,
             canvas.height, left, top, 1);
}

Image blended(const Image& original, const Image& painted, const Mask& mask) {
  if (painted.width != original.width || painted.height != original.height ||
      mask.width != original.width || mask.height != original.height) {
    throw Error(ErrorKind::InvalidArgument,
                "cannot blend pictures of " + size_text(original.width, original.height) + " and " +
                    size_text(painted.width, painted.height) + " pixels by a mask of " +
                    size_text(mask.width, mask.height));
  }
  Image result = original;
  for (std::size_t i = 0; i < result.rgb.size(); ++i) {
    const unsigned alpha = mask.alpha[i / 3];
    const unsigned mixed = painted.rgb[i] * alpha + original.rgb[i] * (255 - alpha);
    result.rgb[i] = static_cast<std::uint8_t>((mixed + 127) / 255);
  }
  return result;
}

}  // namespace sfumato
