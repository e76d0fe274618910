#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "sfumato/base/error.h"
#include "sfumato/image/codec_detail.h"
#include "sfumato/image/exif.h"

namespace sfumato {

namespace codec_detail {

std::string with_exif(std::string webp, const ImageText& text) {
  const std::string exif = encode_exif(text);
  if (exif.empty()) return webp;
  const auto bytes = [](const std::string& from) {
    return WebPData{.bytes = reinterpret_cast<const std::uint8_t*>(from.data()),
                    .size = from.size()};
  };
  const WebPData picture = bytes(webp), chunk = bytes(exif);
  const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(&picture, /*copy=*/0),
                                                         WebPMuxDelete);
  WebPData whole;
  WebPDataInit(&whole);
  if (!mux || WebPMuxSetChunk(mux.get(), "EXIF", &chunk, /*copy=*/0) != WEBP_MUX_OK ||
      WebPMuxAssemble(mux.get(), &whole) != WEBP_MUX_OK) {
    throw Error(ErrorKind::OutOfMemory, "cannot add the text to a WebP picture");
  }
  std::string result(reinterpret_cast<const char*>(whole.bytes), whole.size);
  WebPDataClear(&whole);
  return result;
}

}  // namespace codec_detail

std::string encode_webp(const Image& image, const ImageText& text, int quality) {
  codec_detail::check_encodable(image, WEBP_MAX_DIMENSION, "WebP");
  std::uint8_t* bytes = nullptr;
  const std::uint8_t* rgb = image.rgb.data();
  const std::size_t size =
      quality >= kBestQuality
          ? WebPEncodeLosslessRGB(rgb, image.width, image.height, image.width * 3, &bytes)
          : WebPEncodeRGB(rgb, image.width, image.height, image.width * 3,
                          static_cast<float>(quality), &bytes);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owner(bytes, WebPFree);
  if (size == 0) throw Error(ErrorKind::OutOfMemory, "cannot encode WebP");
  return codec_detail::with_exif(std::string(reinterpret_cast<const char*>(bytes), size), text);
}

}  // namespace sfumato
