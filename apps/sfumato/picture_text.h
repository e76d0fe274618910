#pragma once

#include <filesystem>

#include "sfumato/image/codecs.h"
#include "sfumato/request/infotext.h"
#include "sfumato/request/text_to_image.h"

namespace sfumato::cli {

/// What a picture's PNG carries: "sfumato" (version, model and the request that repeats exactly
/// this picture, as JSON) and "parameters" (the same as infotext).
ImageText picture_text(TextToImageRequest request, std::uint64_t seed, const ModelIdentity& model);

/// The request inside a picture. Throws NotFound when it carries none, Corrupt when it is damaged.
TextToImageRequest request_in(const std::filesystem::path& picture);

}  // namespace sfumato::cli
