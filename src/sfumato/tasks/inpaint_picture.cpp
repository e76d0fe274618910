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

Rect whole_of(const Image& picture) { return {0, 0, picture.width, picture.height}; }

template <class Picture>
Picture at_encoded_size(const Picture& picture, const ImageToImageRequest& request, int multiple) {
  const ResizeMode mode = parse_resize_mode(request.resize);
  if (mode != ResizeMode::Latent) return fitted(picture, mode, *request.width, *request.height);
  return fitted(picture, ResizeMode::Stretch, nearest_multiple(picture.width, multiple),
                nearest_multiple(picture.height, multiple));
}

// With the picture as a whole at the size of the request.
void look_at_all(InpaintPicture& result, const Image& picture, const Mask& mask,
                 const InpaintRequest& request, int multiple) {
  const int width = *request.width, height = *request.height;
  ResizeMode mode = parse_resize_mode(request.resize);
  if (mode == ResizeMode::Latent) mode = ResizeMode::Stretch;  // of the latents, later
  const bool own_size = mode == ResizeMode::Stretch &&
                        width == nearest_multiple(picture.width, multiple) &&
                        height == nearest_multiple(picture.height, multiple);
  result.start = sized(picture, request, multiple);
  result.mask = sized(mask, request, multiple);
  result.original = own_size ? picture : fitted(picture, mode, width, height);
  result.overlay = doubled(own_size ? mask : fitted(mask, mode, width, height));
  result.place = whole_of(result.original);
}

}  // namespace

Image sized(const Image& picture, const ImageToImageRequest& request, int multiple) {
  return at_encoded_size(picture, request, multiple);
}

Mask sized(const Mask& mask, const ImageToImageRequest& request, int multiple) {
  return at_encoded_size(mask, request, multiple);
}

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
  InpaintPicture result;
  if (request.only_masked) {
    zoom_in(result, picture, mask, request);
  } else {
    look_at_all(result, picture, mask, request, multiple);
  }
  if (request.fill != "original") result.start = filled(result.start, result.mask);
  return result;
}

Image InpaintPicture::finished(const Image& painted) const {
  Image canvas = original;
  paste(fitted(painted, place == whole_of(original) ? ResizeMode::Stretch : ResizeMode::Crop,
               place.width(), place.height()),
        place.left, place.top, canvas);
  return blended(original, canvas, overlay);
}

}  // namespace sfumato
