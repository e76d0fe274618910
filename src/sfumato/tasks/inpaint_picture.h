#pragma once

#include "sfumato/image/mask.h"
#include "sfumato/image/resample.h"
#include "sfumato/request/image_to_image.h"

namespace sfumato {

/// "stretch", "crop", "fill" or "latent".
ResizeMode parse_resize_mode(const std::string& name);

// What is encoded at the beginning: the picture brought to the size of the request in its way, or,
// when the latents are to be stretched, to its own size rounded to `multiple`.
Image sized(const Image& picture, const ImageToImageRequest& request, int multiple);
Mask sized(const Mask& mask, const ImageToImageRequest& request, int multiple);

/// What a picture and a mask become before a part of the picture is painted anew, and how the
/// result becomes a picture again. Source: A1111, modules/processing.py,
/// StableDiffusionProcessingImg2Img.init and apply_overlay.
struct InpaintPicture {
  Image start;     ///< what the painting begins with; its masked part filled unless kept
  Mask mask;       ///< of start; 255 = repaint
  Image original;  ///< what stays where `overlay` is 0
  Mask overlay;    ///< of original
  Rect place;      ///< of the painting within original

  /// The original with the painting over it; byte for byte the original outside the overlay.
  Image finished(const Image& painted) const;
};

/// For a request with its size filled in. A mask of another size is stretched to the picture's.
/// The result has the picture's own size with `only_masked`, and when it is stretched to the
/// size that is its own rounded to `multiple`. Throws InvalidArgument for a mask that repaints
/// nothing.
InpaintPicture inpaint_picture(const Image& picture, const Mask& mask,
                               const InpaintRequest& request, int multiple);

/// The side of a picture rounded to the nearest multiple, at least one.
int nearest_multiple(int side, int multiple);

}  // namespace sfumato
