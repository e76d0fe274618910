#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/image/codec_detail.h"

namespace sfumato {
namespace codec_detail {

void corrupt(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::Corrupt, name + ": " + reason);
}

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width > 0 && height > 0 && width <= kMaxPixels && height <= kMaxPixels / width) return;
  corrupt(name, "picture size " + std::to_string(width) + " x " + std::to_string(height) +
                    " is outside 1 .. 2^28 pixels");
}

void check_density(std::uint64_t width, std::uint64_t height, std::size_t bytes,
                   const PictureDensity& most, const std::string& name) {
  if (width * height <= most.free + most.per_byte * bytes) return;
  corrupt(name, "the file is too short for its " + std::to_string(width) + " x " +
                    std::to_string(height) + " pixels");
}

Image on_white(const std::vector<std::uint8_t>& rgba, int width, int height) {
  Image image(width, height);
  const std::size_t count = static_cast<std::size_t>(width) * height;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const unsigned blended = rgba[4 * i + c] * alpha + 255 * (255 - alpha);
      image.rgb[3 * i + c] = static_cast<std::uint8_t>((blended + 127) / 255);
    }
  }
  return image;
}

}  // namespace codec_detail

namespace {

constexpr std::size_t kMaxFileBytes = 1ull << 30;

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }
bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }
bool is_webp(std::string_view bytes) {
  return bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP";
}

}  // namespace

Image decode_image(std::string_view bytes, const std::string& name) {
  if (is_png(bytes)) return codec_detail::decode_png(bytes, name);
  if (is_jpeg(bytes)) return codec_detail::decode_jpeg(bytes, name);
  if (is_webp(bytes)) return codec_detail::decode_webp(bytes, name);
  throw Error(ErrorKind::Corrupt,
              name + (bytes.empty() ? " is empty" : " is not a PNG, JPEG or WebP picture"));
}

Image read_image(const std::filesystem::path& path) {
  return decode_image(read_file(path, kMaxFileBytes), path.string());
}

ImageText decode_image_text(std::string_view bytes, const std::string& name) {
  if (is_png(bytes)) return codec_detail::decode_png_text(bytes, name);
  if (is_jpeg(bytes)) return codec_detail::decode_jpeg_text(bytes);
  if (is_webp(bytes)) return codec_detail::decode_webp_text(bytes);
  return {};
}

ImageText read_image_text(const std::filesystem::path& path) {
  return decode_image_text(read_file(path, kMaxFileBytes), path.string());
}

}  // namespace sfumato
