#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sfumato/image/codecs.h"

/// What the codecs share; not for use outside this folder.
namespace sfumato::codec_detail {

inline constexpr std::uint64_t kMaxPixels = 1ull << 28;

/// Throws Corrupt unless 0 < width * height <= kMaxPixels. Call before allocating.
void check_size(std::uint64_t width, std::uint64_t height, const std::string& name);
/// The most pixels that a format's files hold: `free`, and `per_byte` for each byte of the file.
struct PictureDensity {
  std::uint64_t free, per_byte;
};
/// Throws Corrupt when a file of so many bytes states more. Call before allocating.
void check_density(std::uint64_t width, std::uint64_t height, std::size_t bytes,
                   const PictureDensity& most, const std::string& name);
[[noreturn]] void corrupt(const std::string& name, const std::string& reason);
/// Composes pixels [height, width, 4] with straight alpha on white.
Image on_white(const std::vector<std::uint8_t>& rgba, int width, int height);

/// Throws InvalidArgument unless the sides are 1 .. most pixels.
void check_encodable(const Image& image, int most, const char* format);
/// A WebP file with its texts added.
std::string with_exif(std::string webp, const ImageText& text);

Image decode_png(std::string_view bytes, const std::string& name);
ImageText decode_png_text(std::string_view bytes, const std::string& name);
ImageText decode_jpeg_text(std::string_view bytes);
ImageText decode_webp_text(std::string_view bytes);
Image decode_jpeg(std::string_view bytes, const std::string& name);
Image decode_webp(std::string_view bytes, const std::string& name);

}  // namespace sfumato::codec_detail
