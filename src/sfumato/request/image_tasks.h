#pragma once

#include <array>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"
#include "sfumato/request/image_to_image.h"

namespace sfumato {

struct UpscaleSettings {
  double scale = 4;
  std::string method = "lanczos";
  int noise_level = 20;               ///< of the x4 model, timesteps
  int tile = 512, tile_overlap = 64;  ///< pixels
};

inline constexpr std::array kUpscaleFields{
    Field<UpscaleSettings>{"scale", &UpscaleSettings::scale, "how many times larger", 1, 16},
    Field<UpscaleSettings>{.name = "method",
                           .member = &UpscaleSettings::method,
                           .help = "resampling, the x4 model, or img2img tile by tile",
                           .choices = "lanczos|model|tiles"},
    Field<UpscaleSettings>{"noise-level", &UpscaleSettings::noise_level,
                           "noise that the x4 model is to take for invented detail", 0, 350},
    Field<UpscaleSettings>{"tile", &UpscaleSettings::tile, "pixels of a tile's side", 64, 4096},
    Field<UpscaleSettings>{"tile-overlap", &UpscaleSettings::tile_overlap,
                           "pixels that neighbouring tiles share", 0, 1024},
};

/// A picture enlarged.
struct UpscaleRequest : ImageToImageRequest, UpscaleSettings {};
inline constexpr auto kUpscaleRequestFields =
    fields::joined<UpscaleRequest>(kImageToImageFields, kUpscaleFields);

struct VariationsSettings {
  std::string image;
  int noise_level = 0;  ///< timesteps of noise on the picture's embedding
};

inline constexpr std::array kVariationsFields{
    Field<VariationsSettings>{.name = "image",
                              .member = &VariationsSettings::image,
                              .help = "the picture to vary: PNG, JPEG or WebP",
                              .web_ui = "init_images"},
    Field<VariationsSettings>{"noise-level", &VariationsSettings::noise_level,
                              "0 = close to the picture .. 999 = far from it", 0, 999},
};

/// Pictures like a picture (unCLIP).
struct VariationsRequest : TextToImageRequest, SamplingSettings, VariationsSettings {};
inline constexpr auto kVariationsRequestFields =
    fields::joined<VariationsRequest>(kTextToImageFields, kSamplingFields, kVariationsFields);

struct DepthSettings {
  std::string depth;  ///< path; bright = near
};

inline constexpr std::array kDepthFields{
    Field<DepthSettings>{"depth", &DepthSettings::depth,
                         "a picture of the depth: bright is near, dark is far"},
};

/// A picture painted over its depth.
struct DepthRequest : ImageToImageRequest, DepthSettings {};
inline constexpr auto kDepthRequestFields =
    fields::joined<DepthRequest>(kImageToImageFields, kDepthFields);

struct EditSettings {
  double image_guidance = 1.5;  ///< Brooks et al. 2023, eq. 3
};

inline constexpr std::array kEditFields{
    Field<EditSettings>{.name = "image-guidance",
                        .member = &EditSettings::image_guidance,
                        .help = "how closely to keep to the picture",
                        .min = 0,
                        .max = 100,
                        .web_ui = "image_cfg_scale"},
};

/// A picture changed as the prompt says (instruct-pix2pix).
struct EditRequest : ImageToImageRequest, EditSettings {};
inline constexpr auto kEditRequestFields =
    fields::joined<EditRequest>(kImageToImageFields, kEditFields);

// Throw InvalidArgument naming the flag that is missing or does not go with another.
void check(const UpscaleRequest& request);
void check(const VariationsRequest& request);
void check(const DepthRequest& request);
void check(const EditRequest& request);

}  // namespace sfumato
