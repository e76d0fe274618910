// jpeglib.h needs what cstdio declares.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstdlib>

#include "sfumato/base/error.h"
#include "sfumato/image/codec_detail.h"
#include "sfumato/image/exif.h"

namespace sfumato {
namespace {

using codec_detail::check_encodable;

constexpr int kFinest = 90;               // from here on colour has the resolution of brightness
constexpr std::size_t kMostText = 65533;  // one segment, less its length
constexpr char kExifMark[] = "Exif\0";    // and the terminating zero

// As in the decoder: what owns memory lives here, out of longjmp's way.
struct JpegWriter {
  JpegWriter() {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = [](j_common_ptr common) {
      auto* self = static_cast<JpegWriter*>(common->client_data);
      common->err->format_message(common, self->message);
      longjmp(self->jump, 1);
    };
    info.client_data = this;
  }
  ~JpegWriter() {
    if (created) jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  bool created = false;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  char message[JMSG_LENGTH_MAX] = "unknown error";
  std::jmp_buf jump;
};

bool write_picture(JpegWriter& writer, const Image& image, const std::string& exif, int quality) {
  if (setjmp(writer.jump)) {
    writer.bytes = nullptr;  // after a failure libjpeg does not say which buffer is still alive
    return false;
  }
  jpeg_compress_struct& info = writer.info;
  jpeg_create_compress(&info);
  writer.created = true;
  info.client_data = &writer;
  jpeg_mem_dest(&info, &writer.bytes, &writer.size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  if (quality >= kFinest) {
    info.comp_info[0].h_samp_factor = 1;
    info.comp_info[0].v_samp_factor = 1;
  }
  jpeg_start_compress(&info, TRUE);
  if (!exif.empty()) {
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  }
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.pixel(0, static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

std::string encode_jpeg(const Image& image, const ImageText& text, int quality) {
  check_encodable(image, JPEG_MAX_DIMENSION, "JPEG");
  std::string exif = codec_detail::encode_exif(text);
  if (!exif.empty()) exif.insert(0, kExifMark, sizeof kExifMark);
  if (exif.size() > kMostText) {
    throw Error(ErrorKind::InvalidArgument,
                "a JPEG holds 65 kB of text, the request has " + std::to_string(exif.size()),
                "write PNG or WebP instead");
  }
  JpegWriter writer;
  if (!write_picture(writer, image, exif, quality)) {
    throw Error(ErrorKind::InvalidArgument, std::string("cannot encode JPEG: ") + writer.message);
  }
  return std::string(reinterpret_cast<const char*>(writer.bytes), writer.size);
}

}  // namespace sfumato
