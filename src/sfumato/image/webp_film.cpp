#include <webp/encode.h>
#include <webp/mux.h>

#include <memory>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/image/codec_detail.h"
#include "sfumato/image/film.h"
#include "sfumato/image/film_detail.h"

namespace sfumato {
namespace {

using Encoder = std::unique_ptr<WebPAnimEncoder, void (*)(WebPAnimEncoder*)>;

[[noreturn]] void fail(const Encoder& encoder) {
  const char* reason = encoder ? WebPAnimEncoderGetError(encoder.get()) : "out of memory";
  throw Error(ErrorKind::OutOfMemory, std::string("cannot encode an animated WebP: ") + reason);
}

void add(const Encoder& encoder, const Image& frame, int milliseconds, const WebPConfig& config) {
  WebPPicture picture;
  if (!WebPPictureInit(&picture)) fail(encoder);
  const std::unique_ptr<WebPPicture, void (*)(WebPPicture*)> owner(&picture, WebPPictureFree);
  picture.use_argb = 1;
  picture.width = frame.width;
  picture.height = frame.height;
  if (!WebPPictureImportRGB(&picture, frame.rgb.data(), frame.width * 3) ||
      !WebPAnimEncoderAdd(encoder.get(), &picture, milliseconds, &config)) {
    fail(encoder);
  }
}

}  // namespace

std::string encode_webp_film(std::span<const Image> frames, const FilmTiming& timing,
                             const ImageText& text, int quality) {
  codec_detail::check_film(frames, timing, WEBP_MAX_DIMENSION, "WebP");
  WebPConfig config;
  WebPAnimEncoderOptions options;
  if (!WebPConfigInit(&config) || !WebPAnimEncoderOptionsInit(&options)) {
    fail(Encoder(nullptr, WebPAnimEncoderDelete));
  }
  config.quality = static_cast<float>(quality);
  config.lossless = quality >= kBestQuality;
  const Encoder encoder(WebPAnimEncoderNew(frames[0].width, frames[0].height, &options),
                        WebPAnimEncoderDelete);
  if (!encoder) fail(encoder);
  int milliseconds = 0;
  for (const Image& frame : frames) {
    add(encoder, frame, milliseconds, config);
    milliseconds += &frame == &frames.back() ? timing.last_frame : timing.frame;
  }
  WebPData whole;
  WebPDataInit(&whole);
  const bool complete = WebPAnimEncoderAdd(encoder.get(), nullptr, milliseconds, nullptr) &&
                        WebPAnimEncoderAssemble(encoder.get(), &whole);
  if (!complete) fail(encoder);
  std::string film(reinterpret_cast<const char*>(whole.bytes), whole.size);
  WebPDataClear(&whole);
  return codec_detail::with_exif(std::move(film), text);
}

void write_film(const std::filesystem::path& path, std::span<const Image> frames,
                const FilmTiming& timing, const ImageText& text) {
  const std::string ending = path.extension().string();
  if (ending != ".webp" && ending != ".gif") {
    throw Error(ErrorKind::InvalidArgument, path.string() + ": a film is written as .webp or .gif",
                "name it " + path.stem().string() + ".webp");
  }
  write_file_atomically(path, ending == ".gif" ? encode_gif_film(frames, timing, text)
                                               : encode_webp_film(frames, timing, text));
}

}  // namespace sfumato
