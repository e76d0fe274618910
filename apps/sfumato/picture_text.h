#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/image/codecs.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/request/infotext.h"
#include "sfumato/request/text_tasks.h"

namespace sfumato::cli {

// What a picture's PNG carries: "sfumato" (version, model and the request that repeats exactly this
// picture, as JSON) and "parameters" (the same as infotext). `request` is that of one picture.
ImageText picture_text(const PaintRequest& request, const ModelIdentity& model);
ImageText picture_text(const ImageToImageRequest& request, const ModelIdentity& model);
ImageText picture_text(const InpaintRequest& request, const ModelIdentity& model);

// The request inside a picture of that task. Throw NotFound when it carries none, InvalidArgument
// when another task made it, Corrupt when it is damaged. For txt2img what A1111's web UI writes
// will do as well.
void read_request(const std::filesystem::path& picture, PaintRequest& request);
void read_request(const std::filesystem::path& picture, ImageToImageRequest& request);
void read_request(const std::filesystem::path& picture, InpaintRequest& request);

}  // namespace sfumato::cli
