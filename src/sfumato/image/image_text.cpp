#include <cstdint>

#include "sfumato/image/codec_detail.h"
#include "sfumato/image/exif.h"
#include "sfumato/image/utf16.h"

namespace sfumato::codec_detail {
namespace {

using namespace std::string_view_literals;

std::size_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

// The segments before the picture data: EXIF, and the comment in which stable-diffusion.cpp keeps
// the same text.
ImageText decode_jpeg_text(std::string_view bytes) {
  ImageText text;
  std::size_t at = 2;  // after the start mark
  while (at + 4 <= bytes.size() && byte_at(bytes, at) == 0xFF) {
    const std::size_t marker = byte_at(bytes, at + 1);
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (marker == 0xDA || marker == 0xD9) break;  // the picture begins, or the file ends
    const std::size_t size = byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3);
    if (size < 2 || size > bytes.size() - at - 2) break;
    std::string_view content = bytes.substr(at + 4, size - 2);
    if (marker == 0xE1 && content.starts_with("Exif\0\0"sv)) text.merge(decode_exif(content));
    if (marker == 0xFE && content.starts_with("parameters\0"sv)) {
      content.remove_prefix(sizeof "parameters");
      text.emplace("parameters", valid_utf8(content));
    }
    at += 2 + size;
  }
  return text;
}

ImageText decode_webp_text(std::string_view bytes) {
  std::size_t at = 12;  // after RIFF, size, WEBP
  while (at + 8 <= bytes.size()) {
    std::size_t size = 0;
    for (std::size_t i = 4; i-- > 0;) size = size << 8 | byte_at(bytes, at + 4 + i);
    if (size > bytes.size() - at - 8) break;
    if (bytes.substr(at, 4) == "EXIF") return decode_exif(bytes.substr(at + 8, size));
    at += 8 + size + size % 2;
  }
  return {};
}

}  // namespace sfumato::codec_detail
