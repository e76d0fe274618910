#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "sfumato/image/image.h"

namespace sfumato {

/// Texts inside a picture, e.g. "sfumato" (the request as JSON) and "parameters" (the same as
/// A1111's web UI writes it): PNG tEXt / iTXt entries; EXIF in JPEG and WebP.
using ImageText = std::map<std::string, std::string>;

inline constexpr int kBestQuality = 100, kUsualQuality = 95;

std::string encode_png(const Image& image, const ImageText& text = {});
/// `quality` 1 .. 100. Throws InvalidArgument for a side above 65500 pixels or 65 kB of text.
std::string encode_jpeg(const Image& image, const ImageText& text = {},
                        int quality = kUsualQuality);
/// `quality` 1 .. 99, or kBestQuality: lossless. Throws InvalidArgument above 16383 pixels a side.
std::string encode_webp(const Image& image, const ImageText& text = {},
                        int quality = kUsualQuality);
/// `format`: "png", "jpg", "jpeg" or "webp" in any case. Throws InvalidArgument for any other.
std::string encode_image(const Image& image, std::string_view format, const ImageText& text = {},
                         int quality = kUsualQuality);
/// Decodes PNG, JPEG or WebP by their magic bytes. Alpha is composed on white, gray and 16-bit are
/// converted. Throws Corrupt naming `name`; refuses more than 2^28 pixels before allocating.
Image decode_image(std::string_view bytes, const std::string& name);
Image read_image(const std::filesystem::path& path);
/// The texts of a PNG, JPEG or WebP picture; empty for other formats. What is damaged is left out,
/// except in a PNG, which must be whole (its texts may follow the pixels).
ImageText decode_image_text(std::string_view bytes, const std::string& name);
ImageText read_image_text(const std::filesystem::path& path);
/// In the format that the path's ending names; written beside and renamed.
void write_image(const std::filesystem::path& path, const Image& image, const ImageText& text = {},
                 int quality = kUsualQuality);
void write_png(const std::filesystem::path& path, const Image& image, const ImageText& text = {});

}  // namespace sfumato
