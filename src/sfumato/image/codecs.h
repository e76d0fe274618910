#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "sfumato/image/image.h"

namespace sfumato {

/// PNG tEXt / iTXt entries, e.g. "sfumato" (the request as JSON) and "parameters".
using ImageText = std::map<std::string, std::string>;

std::string encode_png(const Image& image, const ImageText& text = {});
/// Decodes PNG, JPEG or WebP by their magic bytes. Alpha is composed on white, gray and 16-bit are
/// converted. Throws Corrupt naming `name`; refuses more than 2^28 pixels before allocating.
Image decode_image(std::string_view bytes, const std::string& name);
Image read_image(const std::filesystem::path& path);
/// The text entries of a PNG; empty for other formats.
ImageText read_image_text(const std::filesystem::path& path);
/// Written beside and renamed.
void write_png(const std::filesystem::path& path, const Image& image, const ImageText& text = {});

}  // namespace sfumato
