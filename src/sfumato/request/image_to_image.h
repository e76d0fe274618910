#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "sfumato/base/fields.h"
#include "sfumato/request/sampling_settings.h"
#include "sfumato/request/text_to_image.h"

namespace sfumato {

/// The picture that a task begins with.
struct InitImage {
  std::string image;  ///< path of a PNG, JPEG or WebP
  double strength = 0.75;
  bool full_steps = false;
  std::string resize = "stretch";
  double noise_multiplier = 1;
};

inline constexpr std::array kInitImageFields{
    Field<InitImage>{.name = "image",
                     .member = &InitImage::image,
                     .help = "the picture to begin with: PNG, JPEG or WebP",
                     .web_ui = "init_images"},
    Field<InitImage>{.name = "strength",
                     .member = &InitImage::strength,
                     .help = "how much is repainted: 0 = nothing .. 1 = everything",
                     .min = 0,
                     .max = 1,
                     .web_ui = "denoising_strength"},
    Field<InitImage>{.name = "full-steps",
                     .member = &InitImage::full_steps,
                     .help = "take all steps at any strength, not the share that strength leaves",
                     .web_ui = "img2img_fix_steps"},
    Field<InitImage>{.name = "resize",
                     .member = &InitImage::resize,
                     .help = "how the picture is brought to width x height",
                     .choices = "stretch|crop|fill|latent",
                     .web_ui = "resize_mode"},
    Field<InitImage>{.name = "noise-multiplier",
                     .member = &InitImage::noise_multiplier,
                     .help = "below 1: smoother, above 1: more detail",
                     .min = 0,
                     .max = 2,
                     .web_ui = "initial_noise_multiplier"},
};

/// A picture painted over. Width and height default to those of the picture.
struct ImageToImageRequest : TextToImageRequest, SamplingSettings, InitImage {};
inline constexpr auto kImageToImageFields =
    fields::joined<ImageToImageRequest>(kTextToImageFields, kSamplingFields, kInitImageFields);

/// What to repaint of a picture.
struct InpaintSettings {
  std::string mask;      ///< path; white = repaint
  double mask_blur = 4;  ///< pixels, standard deviation
  std::string fill = "original";
  bool only_masked = false;
  int padding = 32;  ///< pixels
  bool invert_mask = false;
};

inline constexpr std::array kInpaintFields{
    Field<InpaintSettings>{.name = "mask",
                           .member = &InpaintSettings::mask,
                           .help = "a picture: white is repainted, black stays",
                           .web_ui = "mask"},
    Field<InpaintSettings>{.name = "mask-blur",
                           .member = &InpaintSettings::mask_blur,
                           .help = "pixels over which old and new mix",
                           .min = 0,
                           .max = 256,
                           .web_ui = "mask_blur"},
    Field<InpaintSettings>{.name = "fill",
                           .member = &InpaintSettings::fill,
                           .help = "what the masked part begins with",
                           .choices = "fill|original|latent-noise|latent-nothing",
                           .web_ui = "inpainting_fill"},
    Field<InpaintSettings>{.name = "only-masked",
                           .member = &InpaintSettings::only_masked,
                           .help = "paint the part around the mask at full size, then shrink it",
                           .web_ui = "inpaint_full_res"},
    Field<InpaintSettings>{.name = "padding",
                           .member = &InpaintSettings::padding,
                           .help = "pixels around the mask that --only-masked looks at",
                           .min = 0,
                           .max = 2048,
                           .web_ui = "inpaint_full_res_padding"},
    Field<InpaintSettings>{.name = "invert-mask",
                           .member = &InpaintSettings::invert_mask,
                           .help = "black is repainted, white stays",
                           .web_ui = "inpainting_mask_invert"},
};

/// A part of a picture painted anew.
struct InpaintRequest : ImageToImageRequest, InpaintSettings {};
inline constexpr auto kInpaintRequestFields =
    fields::joined<InpaintRequest>(kImageToImageFields, kInpaintFields);

/// How far a picture is continued.
struct OutpaintSettings {
  int left = 0, right = 0, up = 0, down = 0;  ///< pixels
  int overlap = 16;                           ///< pixels
};

inline constexpr std::array kOutpaintFields{
    Field<OutpaintSettings>{"left", &OutpaintSettings::left, "pixels to add on the left", 0, 4096},
    Field<OutpaintSettings>{"right", &OutpaintSettings::right, "pixels to add on the right", 0,
                            4096},
    Field<OutpaintSettings>{"up", &OutpaintSettings::up, "pixels to add above", 0, 4096},
    Field<OutpaintSettings>{"down", &OutpaintSettings::down, "pixels to add below", 0, 4096},
    Field<OutpaintSettings>{"overlap", &OutpaintSettings::overlap,
                            "pixels of the old picture, next to the new, that may change", 0, 512},
};

/// A picture continued beyond its edges. Its size follows from them.
struct OutpaintRequest : ImageToImageRequest, OutpaintSettings {
  OutpaintRequest() { strength = 1; }
};
inline constexpr auto kOutpaintRequestFields =
    fields::without(fields::joined<OutpaintRequest>(kImageToImageFields, kOutpaintFields),
                    std::array<std::string_view, 3>{"width", "height", "resize"});

// Throw InvalidArgument naming the flag that is missing or does not go with another.
void check(const ImageToImageRequest& request);
void check(const InpaintRequest& request);
void check(const OutpaintRequest& request);

}  // namespace sfumato
