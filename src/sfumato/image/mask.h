#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sfumato/image/image.h"

namespace sfumato {

/// Which pixels of a picture are to be repainted: 0 keep .. 255 repaint; rows top to bottom.
struct Mask {
  int width = 0, height = 0;
  std::vector<std::uint8_t> alpha;

  Mask() = default;
  Mask(int w, int h, std::uint8_t value = 0)
      : width(w), height(h), alpha(static_cast<std::size_t>(w) * h, value) {}

  std::uint8_t* row(int y) { return alpha.data() + static_cast<std::size_t>(y) * width; }
  const std::uint8_t* row(int y) const {
    return alpha.data() + static_cast<std::size_t>(y) * width;
  }
};

/// Pixels left .. right - 1, top .. bottom - 1.
struct Rect {
  int left = 0, top = 0, right = 0, bottom = 0;

  int width() const { return right - left; }
  int height() const { return bottom - top; }
  bool operator==(const Rect&) const = default;
};

/// The brightness of a picture (ITU-R 601 in 16 bits, as Pillow's mode "L"): white = repaint.
Mask mask_of(const Image& picture);
Mask inverted(Mask mask);

/// Gaussian blur with standard deviations in pixels, 0 = none, mirrored at the edges. The kernel
/// reaches 2.5 deviations, as in A1111's web UI; differs by at most 1 from OpenCV's.
Mask blurred(const Mask& mask, double sigma_x, double sigma_y);

/// The smallest rectangle around all pixels above 0, widened by `padding` on every side within the
/// mask; nothing when there are none. Source: A1111, modules/masking.py, get_crop_region_v2.
std::optional<Rect> masked_area(const Mask& mask, int padding);
/// `area` made wider or higher to the proportions width : height, within a picture of
/// picture_width x picture_height as far as it goes. Source: there, expand_crop_region.
Rect widened_to_aspect(Rect area, int width, int height, int picture_width, int picture_height);

/// Throw InvalidArgument unless `area` lies inside.
Image cropped(const Image& picture, const Rect& area);
Mask cropped(const Mask& mask, const Rect& area);
/// Copies `picture` into `canvas` with its upper left corner at (left, top); what lies outside is
/// cut off.
void paste(const Image& picture, int left, int top, Image& canvas);
void paste(const Mask& mask, int left, int top, Mask& canvas);

/// `painted` where the mask is 255, `original` byte for byte where it is 0, a mixture between. All
/// of one size, or InvalidArgument.
Image blended(const Image& original, const Image& painted, const Mask& mask);

/// The picture with its masked pixels replaced by colours that flow in from around them: the
/// unmasked part blurred ever less, one on top of the other (A1111, modules/masking.py, fill, with
/// Pillow's blur and rounding). What inpainting begins with unless it keeps the original.
Image filled(const Image& picture, const Mask& mask);

}  // namespace sfumato
