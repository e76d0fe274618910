#include "sfumato/image/outpaint.h"

#include <algorithm>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kMostMargin = 1 << 16;
constexpr std::int64_t kMostPixels = std::int64_t(1) << 28;

void check_margins(const Margins& m, std::int64_t width, std::int64_t height) {
  const auto allowed = [](int margin) { return margin >= 0 && margin <= kMostMargin; };
  const bool sound = allowed(m.left) && allowed(m.right) && allowed(m.up) && allowed(m.down);
  if (sound && width > 0 && height > 0 &&
      (width + m.left + m.right) * (height + m.up + m.down) <= kMostPixels) {
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              "cannot extend a picture of " + std::to_string(width) + " x " +
                  std::to_string(height) + " by " + std::to_string(m.left) + ", " +
                  std::to_string(m.right) + ", " + std::to_string(m.up) + ", " +
                  std::to_string(m.down) + " pixels (left, right, up, down)");
}

// Both margins of one axis.
void enlarge(int& before, int& after, int side, int multiple) {
  if (before + after == 0) return;
  const int whole = (side + before + after + multiple - 1) / multiple * multiple;
  const int growth = whole - side;
  if (before > 0) before = static_cast<int>(std::int64_t(before) * growth / (before + after));
  if (after > 0) after = growth - before;
}

}  // namespace

Margins rounded_margins(const Margins& wanted, int width, int height, int multiple) {
  if (multiple < 1 || multiple > 1024) {
    throw Error(ErrorKind::InvalidArgument,
                "margins in multiples of " + std::to_string(multiple) + ": expected 1 to 1024");
  }
  check_margins(wanted, width, height);
  Margins margins = wanted;
  enlarge(margins.left, margins.right, width, multiple);
  enlarge(margins.up, margins.down, height, multiple);
  return margins;
}

Image extended(const Image& picture, const Margins& margins) {
  check_margins(margins, picture.width, picture.height);
  Image canvas(picture.width + margins.left + margins.right,
               picture.height + margins.up + margins.down);
  for (int y = 0; y < canvas.height; ++y) {
    const int from_y = std::clamp(y - margins.up, 0, picture.height - 1);
    for (int x = 0; x < canvas.width; ++x) {
      const int from_x = std::clamp(x - margins.left, 0, picture.width - 1);
      std::copy_n(picture.pixel(from_x, from_y), 3, canvas.pixel(x, y));
    }
  }
  return canvas;
}

Mask extension_mask(int width, int height, const Margins& margins, int overlap) {
  check_margins(margins, width, height);
  overlap = std::clamp(overlap, 0, kMostMargin);
  const auto grown = [&](int margin) { return margin > 0 ? overlap : 0; };
  Mask mask(width + margins.left + margins.right, height + margins.up + margins.down, 255);
  const int left = margins.left + grown(margins.left);
  const int right = margins.left + width - grown(margins.right);
  const int top = margins.up + grown(margins.up);
  const int bottom = margins.up + height - grown(margins.down);
  for (int y = top; y < bottom && left < right; ++y) {
    std::fill(mask.row(y) + left, mask.row(y) + right, std::uint8_t{0});
  }
  return mask;
}

}  // namespace sfumato
