#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/image/codecs.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/request/infotext.h"
#include "sfumato/request/text_tasks.h"

namespace sfumato::cli {

/// The keys of a request that name a picture it begins with.
inline constexpr std::array<std::string_view, 3> kInputFields{"image", "mask", "depth"};

/// What A1111's web UI wrote into a picture; nothing when it carries our own text or none.
std::optional<Infotext> foreign_text(const ImageText& text);

// What a picture carries: "sfumato" (JSON: version, task, model with its hashes, how it was
// computed with, the hashes of the pictures it began with, and the request that repeats exactly
// this picture) and "parameters" (the same as infotext). `request` is that of one picture.
ImageText picture_text(const PaintRequest& request, const ModelIdentity& model);
ImageText picture_text(const ImageToImageRequest& request, const ModelIdentity& model);
ImageText picture_text(const InpaintRequest& request, const ModelIdentity& model);
ImageText picture_text(const OutpaintRequest& request, const ModelIdentity& model);
ImageText picture_text(const EditRequest& request, const ModelIdentity& model);
ImageText picture_text(const DepthRequest& request, const ModelIdentity& model);
ImageText picture_text(const UpscaleRequest& request, const ModelIdentity& model);
ImageText picture_text(const VariationsRequest& request, const ModelIdentity& model);
ImageText picture_text(const InterpolateRequest& request, const ModelIdentity& model);
/// A grid's; "parameters" are those of `cell`, which `model` painted, and what is varied.
ImageText picture_text(const PlotRequest& request, const PaintRequest& cell,
                       const ModelIdentity& model);

// The request inside a picture of that task. Throw NotFound when it carries none, InvalidArgument
// when another task made it, Corrupt when it is damaged. For txt2img, img2img and inpaint what
// A1111's web UI writes will do as well.
void read_request(const std::filesystem::path& picture, PaintRequest& request);
void read_request(const std::filesystem::path& picture, ImageToImageRequest& request);
void read_request(const std::filesystem::path& picture, InpaintRequest& request);
void read_request(const std::filesystem::path& picture, OutpaintRequest& request);
void read_request(const std::filesystem::path& picture, EditRequest& request);
void read_request(const std::filesystem::path& picture, DepthRequest& request);
void read_request(const std::filesystem::path& picture, UpscaleRequest& request);
void read_request(const std::filesystem::path& picture, VariationsRequest& request);
void read_request(const std::filesystem::path& picture, PlotRequest& request);
void read_request(const std::filesystem::path& picture, InterpolateRequest& request);

}  // namespace sfumato::cli
