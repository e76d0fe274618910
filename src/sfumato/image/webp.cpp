#include <webp/decode.h>

#include "sfumato/image/codec_detail.h"

namespace sfumato::codec_detail {
namespace {

// A lossless picture of one colour takes no space at all, so that its size alone proves nothing;
// but no picture that someone needs is both so large and so plain.
constexpr PictureDensity kMostWebpPixels{.free = 1 << 26, .per_byte = 8192};

}  // namespace

Image decode_webp(std::string_view bytes, const std::string& name) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    corrupt(name, "damaged WebP header");
  }
  if (features.has_animation) corrupt(name, "animated WebP, expected a still picture");
  check_size(features.width, features.height, name);
  check_density(features.width, features.height, bytes.size(), kMostWebpPixels, name);
  const std::size_t width = features.width, height = features.height;
  std::vector<std::uint8_t> rgba(width * height * 4);
  if (!WebPDecodeRGBAInto(data, bytes.size(), rgba.data(), rgba.size(),
                          static_cast<int>(width * 4))) {
    corrupt(name, "damaged or incomplete WebP picture");
  }
  return on_white(rgba, features.width, features.height);
}

}  // namespace sfumato::codec_detail
