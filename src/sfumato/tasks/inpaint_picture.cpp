#include "sfumato/tasks/inpaint_picture.h"

#include <algorithm>
#include <utility>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

// Twice as opaque, so that the painting shows in full where the mask is half.
Mask doubled(Mask mask) {
  for (auto& value : mask.alpha) {
    value = static_cast<std::uint8_t>(std::min(2 * int{value}, 255));
  }
  return mask;
}

Mask prepared(const Image& picture, const Mask& given, const InpaintRequest& request) {
  Mask mask = given;
  if (mask.width != picture.width || mask.height != picture.height) {
    mask = resample(mask, picture.width, picture.height, Filter::Lanczos);
  }
  if (request.invert_mask) mask = inverted(std::move(mask));
  const bool repaints = std::any_of(mask.alpha.begin(), mask.alpha.end(),
                                    [](std::uint8_t value) { return value > 0; });
  if (!repaints) {
    throw Error(ErrorKind::InvalidArgument, "the mask is black: nothing is to be repainted",
                "white is repainted; --invert-mask turns it round");
  }
  return blurred(mask, request.mask_blur, request.mask_blur);
}

// Around the mask only, at full size.
void zoom_in(InpaintPicture& result, const Image& picture, const Mask& mask,
             const InpaintRequest& request) {
  const auto area = masked_area(mask, request.padding);
  if (!area) throw Error(ErrorKind::InvalidArgument, "the mask is black where it is blurred");
  const int width = *request.width, height = *request.height;
  result.place = widened_to_aspect(*area, width, height, picture.width, picture.height);
  result.original = picture;
  result.overlay = mask;
  result.start = fitted(cropped(picture, result.place), ResizeMode::Fill, width, height);
  result.mask = fitted(cropped(mask, result.place), ResizeMode::Fill, width, height);
}

Rect whole(const Image& picture) { return {0, 0, picture.width, picture.height}; }

}  // namespace

int nearest_multiple(int side, int multiple) {
  return std::max((side + multiple / 2) / multiple, 1) * multiple;
}

ResizeMode parse_resize_mode(const std::string& name) {
  if (name == "stretch") return ResizeMode::Stretch;
  if (name == "crop") return ResizeMode::Crop;
  if (name == "fill") return ResizeMode::Fill;
  if (name == "latent") return ResizeMode::Latent;
  throw Error(ErrorKind::InvalidArgument, "unknown way to resize '" + name + "'",
              "one of: stretch, crop, fill, latent");
}

InpaintPicture inpaint_picture(const Image& picture, const Mask& given,
                               const InpaintRequest& request, int multiple) {
  const Mask mask = prepared(picture, given, request);
  const int width = *request.width, height = *request.height;
  const ResizeMode mode = parse_resize_mode(request.resize);
  InpaintPicture result;
  if (request.only_masked) {
    zoom_in(result, picture, mask, request);
  } else if (mode == ResizeMode::Latent) {  // the latents are brought to size later
    const int cells_wide = nearest_multiple(picture.width, multiple);
    const int cells_high = nearest_multiple(picture.height, multiple);
    result.start = fitted(picture, ResizeMode::Stretch, cells_wide, cells_high);
    result.mask = fitted(mask, ResizeMode::Stretch, cells_wide, cells_high);
    result.original = fitted(picture, ResizeMode::Stretch, width, height);
    result.overlay = doubled(fitted(mask, ResizeMode::Stretch, width, height));
    result.place = whole(result.original);
  } else {
    result.start = fitted(picture, mode, width, height);
    result.mask = fitted(mask, mode, width, height);
    const bool own_size = mode == ResizeMode::Stretch &&
                          width == nearest_multiple(picture.width, multiple) &&
                          height == nearest_multiple(picture.height, multiple);
    result.original = own_size ? picture : result.start;
    result.overlay = doubled(own_size ? mask : result.mask);
    result.place = whole(result.original);
  }
  result.unfilled = result.start;
  if (request.fill != "original") result.start = filled(result.start, result.mask);
  return result;
}

Image InpaintPicture::finished(const Image& painted) const {
  Image canvas = original;
  paste(fitted(painted, place == whole(original) ? ResizeMode::Stretch : ResizeMode::Crop,
               place.width(), place.height()),
        place.left, place.top, canvas);
  return blended(original, canvas, overlay);
}

}  // namespace sfumato
