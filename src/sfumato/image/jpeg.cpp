// jpeglib.h needs what cstdio declares, and jerror.h needs jpeglib.h.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>

#include "sfumato/image/codec_detail.h"

namespace sfumato::codec_detail {
namespace {

// A progressive file may repeat scans without end; real ones have about ten.
constexpr int kMaxScans = 100;
// A block of 64 pixels takes a bit or more; with the colours at half the size a plain area comes to
// 340 pixels per byte. Arithmetic coding, which nobody writes, could do better.
constexpr PictureDensity kMostJpegPixels{.free = 1 << 20, .per_byte = 1024};

// libjpeg leaves by longjmp: the decoder's memory lives here, the functions with setjmp hold only
// plain values.
struct JpegReader {
  JpegReader() {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = [](j_common_ptr common) {
      auto* self = static_cast<JpegReader*>(common->client_data);
      common->err->format_message(common, self->message);
      longjmp(self->jump, 1);
    };
    // Warnings about missing data mean a truncated file, which is an error here.
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level >= 0) return;
      const int code = common->err->msg_code;
      if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) common->err->error_exit(common);
    };
    info.client_data = this;
    progress.progress_monitor = [](j_common_ptr common) {
      auto* self = static_cast<JpegReader*>(common->client_data);
      if (self->info.input_scan_number > kMaxScans) ERREXIT(common, JERR_BAD_PROGRESSION);
    };
  }
  ~JpegReader() {
    if (created) jpeg_destroy_decompress(&info);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  bool created = false;
  char message[JMSG_LENGTH_MAX] = "damaged JPEG";
  std::jmp_buf jump;
};

bool read_header(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.info);
  reader.created = true;
  reader.info.client_data = &reader;
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&reader.info, TRUE);
  const bool inked =
      reader.info.jpeg_color_space == JCS_CMYK || reader.info.jpeg_color_space == JCS_YCCK;
  reader.info.out_color_space = inked ? JCS_CMYK : JCS_RGB;
  return true;
}

bool read_rows(JpegReader& reader, std::uint8_t* pixels, std::size_t row_bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = pixels + row_bytes * reader.info.output_scanline;
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
  return true;
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const std::string& name) {
  JpegReader reader;
  if (!read_header(reader, bytes)) corrupt(name, reader.message);
  check_size(reader.info.image_width, reader.info.image_height, name);
  check_density(reader.info.image_width, reader.info.image_height, bytes.size(), kMostJpegPixels,
                name);
  const int width = static_cast<int>(reader.info.image_width);
  const int height = static_cast<int>(reader.info.image_height);
  const bool inked = reader.info.out_color_space == JCS_CMYK;
  const std::size_t channels = inked ? 4 : 3, count = static_cast<std::size_t>(width) * height;

  Image image;
  image.width = width;
  image.height = height;
  image.rgb.resize(count * channels);
  if (!read_rows(reader, image.rgb.data(), channels * width)) corrupt(name, reader.message);
  if (inked) {
    // Adobe stores inks inverted, so that a value is the light left over.
    const bool inverted = reader.info.saw_Adobe_marker;
    for (std::size_t i = 0; i < count; ++i) {
      const auto light = [&](std::size_t c) {
        return unsigned(inverted ? image.rgb[4 * i + c] : 255 - image.rgb[4 * i + c]);
      };
      const unsigned r = light(0), g = light(1), b = light(2), k = light(3);
      image.rgb[3 * i] = static_cast<std::uint8_t>(r * k / 255);
      image.rgb[3 * i + 1] = static_cast<std::uint8_t>(g * k / 255);
      image.rgb[3 * i + 2] = static_cast<std::uint8_t>(b * k / 255);
    }
    image.rgb.resize(count * 3);
  }
  return image;
}

}  // namespace sfumato::codec_detail
