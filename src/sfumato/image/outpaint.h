#pragma once

#include "sfumato/image/mask.h"

namespace sfumato {

/// How many pixels a picture grows on each side.
struct Margins {
  int left = 0, right = 0, up = 0, down = 0;
  bool operator==(const Margins&) const = default;
};

/// The margins made larger, in their proportions, so that the whole is a multiple of `multiple`
/// pixels wide and high; an axis that does not grow stays as it is. Source: A1111,
/// scripts/poor_mans_outpainting.py. Throws InvalidArgument for negative margins or a result above
/// 2^28 pixels.
Margins rounded_margins(const Margins& wanted, int width, int height, int multiple = 64);

/// The picture on a larger canvas; the new part repeats its edges.
Image extended(const Image& picture, const Margins& margins);

/// For a picture of width x height: 255 in the new part of the canvas and `overlap` pixels into the
/// picture next to it, 0 elsewhere.
Mask extension_mask(int width, int height, const Margins& margins, int overlap);

}  // namespace sfumato
