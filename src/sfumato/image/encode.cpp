#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/image/codec_detail.h"

namespace sfumato {

void codec_detail::check_encodable(const Image& image, int most, const char* format) {
  const bool sound = image.width > 0 && image.height > 0 && image.width <= most &&
                     image.height <= most &&
                     image.rgb.size() == static_cast<std::size_t>(image.width) * image.height * 3;
  if (sound) return;
  throw Error(ErrorKind::InvalidArgument,
              std::string("cannot encode a picture of ") + std::to_string(image.width) + " x " +
                  std::to_string(image.height) + " pixels as " + format);
}

std::string encode_image(const Image& image, std::string_view format, const ImageText& text,
                         int quality) {
  std::string small(format);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (quality < 1 || quality > kBestQuality) {
    throw Error(ErrorKind::InvalidArgument,
                "picture quality: expected 1 to 100, found " + std::to_string(quality));
  }
  if (small == "png") return encode_png(image, text);
  if (small == "jpg" || small == "jpeg") return encode_jpeg(image, text, quality);
  if (small == "webp") return encode_webp(image, text, quality);
  throw Error(ErrorKind::InvalidArgument, "pictures are not written as '" + small + "'",
              "one of: png, jpg, jpeg, webp");
}

void write_image(const std::filesystem::path& path, const Image& image, const ImageText& text,
                 int quality) {
  const std::string ending = path.extension().string();
  const std::string_view format = std::string_view(ending).substr(ending.empty() ? 0 : 1);
  write_file_atomically(path, encode_image(image, format, text, quality));
}

void write_png(const std::filesystem::path& path, const Image& image, const ImageText& text) {
  write_file_atomically(path, encode_png(image, text));
}

}  // namespace sfumato
