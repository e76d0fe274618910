#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/base/fields.h"
#include "sfumato/request/image_to_image.h"

namespace sfumato {

struct UpscaleSettings {
  std::optional<double> scale;  ///< 4 for the x4 model, else 2
  std::string method = "lanczos";
  int noise_level = 20;                   ///< of the x4 model, timesteps
  std::optional<int> tile, tile_overlap;  ///< pixels of the result
};

inline constexpr std::array kUpscaleFields{
    Field<UpscaleSettings>{"scale", &UpscaleSettings::scale,
                           "how many times larger [4 with the x4 model, else 2]", 1, 16},
    Field<UpscaleSettings>{
        .name = "method",
        .member = &UpscaleSettings::method,
        .help = "resampling without a model, a model made for it, or img2img tile by tile",
        .choices = "lanczos|bicubic|x4|tiles"},
    Field<UpscaleSettings>{"noise-level", &UpscaleSettings::noise_level,
                           "x4: noise on the picture, 0 = keep its details .. 350 = invent them", 0,
                           350},
    Field<UpscaleSettings>{"tile", &UpscaleSettings::tile,
                           "pixels of a tile's side [the model's own size; 2048 with x4]", 8, 8192},
    Field<UpscaleSettings>{"tile-overlap", &UpscaleSettings::tile_overlap,
                           "pixels that neighbouring tiles share [an eighth of --tile]", 0, 4096},
};

/// A picture enlarged. Its size follows from the scale.
struct UpscaleRequest : ImageToImageRequest, UpscaleSettings {
  UpscaleRequest() { strength = 0.3; }  // more invents something new in every tile

  bool needs_model() const { return method == "x4" || method == "tiles"; }
};
inline constexpr auto kUpscaleRequestFields =
    fields::without(fields::joined<UpscaleRequest>(kUpscaleFields, kImageToImageFields),
                    std::array<std::string_view, 4>{"width", "height", "resize", "tiling"});

struct VariationsSettings {
  std::string image, mix;
  int noise_level = 0;  ///< timesteps of noise on the picture's embedding
};

inline constexpr std::array kVariationsFields{
    Field<VariationsSettings>{.name = "image",
                              .member = &VariationsSettings::image,
                              .help = "the picture to vary: PNG, JPEG or WebP",
                              .web_ui = "init_images"},
    Field<VariationsSettings>{
        "mix", &VariationsSettings::mix,
        "further pictures to mix in, FILE[:WEIGHT], separated by commas; the first one weighs 1"},
    Field<VariationsSettings>{"noise-level", &VariationsSettings::noise_level,
                              "0 = close to the picture .. 999 = far from it", 0, 999},
};

/// Pictures like a picture (unCLIP).
struct VariationsRequest : TextToImageRequest, SamplingSettings, VariationsSettings {};
inline constexpr auto kVariationsRequestFields =
    fields::joined<VariationsRequest>(kTextToImageFields, kSamplingFields, kVariationsFields);

/// One of the pictures that `mix` names.
struct MixedPicture {
  std::string file;
  double weight = 1;
  bool operator==(const MixedPicture&) const = default;
};
/// "a.png, b.png:0.5" -> both with their weights. Throws InvalidArgument for a part without a name.
std::vector<MixedPicture> mixed_pictures(const std::string& mix);

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

/// A picture changed as the prompt says (InstructPix2Pix). With a strength of 1 the painting begins
/// with noise alone, below with the picture under noise.
struct EditRequest : ImageToImageRequest, EditSettings {
  EditRequest() { strength = 1; }
};
inline constexpr auto kEditRequestFields =
    fields::joined<EditRequest>(kImageToImageFields, kEditFields);

// Throw InvalidArgument naming the flag that is missing or does not go with another.
void check(const UpscaleRequest& request);
void check(const VariationsRequest& request);
void check(const DepthRequest& request);
void check(const EditRequest& request);

}  // namespace sfumato
