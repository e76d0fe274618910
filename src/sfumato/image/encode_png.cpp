#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/image/codec_detail.h"

namespace sfumato {
namespace {

// As in the decoder: what owns memory lives here, out of longjmp's way.
struct PngWriter {
  PngWriter() {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info = png ? png_create_info_struct(png) : nullptr;
    if (!info) throw Error(ErrorKind::OutOfMemory, "cannot start the PNG encoder");
    png_set_write_fn(png, this, write, nullptr);
  }
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  static void write(png_structp png, png_bytep from, std::size_t count) {
    auto* self = static_cast<PngWriter*>(png_get_io_ptr(png));
    self->bytes.append(reinterpret_cast<const char*>(from), count);
  }
  static void on_error(png_structp png, png_const_charp message) {
    auto* self = static_cast<PngWriter*>(png_get_error_ptr(png));
    std::strncpy(self->message, message, sizeof self->message - 1);
    longjmp(self->jump, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string bytes;
  char message[160] = "unknown error";
  std::jmp_buf jump;
};

bool write_picture(PngWriter& writer, int width, int height, png_bytepp rows, png_textp text,
                   int text_count) {
  if (setjmp(writer.jump)) return false;
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width),
               static_cast<png_uint_32>(height), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (text_count > 0) png_set_text(writer.png, writer.info, text, text_count);
  png_write_info(writer.png, writer.info);
  png_write_image(writer.png, rows);
  png_write_end(writer.png, nullptr);
  return true;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

}  // namespace

std::string encode_png(const Image& image, const ImageText& text) {
  codec_detail::check_encodable(image, PNG_UINT_31_MAX, "PNG");
  std::vector<png_text> entries;
  for (const auto& [key, value] : text) {
    if (key.empty() || key.size() > 79 || !is_ascii(key)) {
      throw Error(ErrorKind::InvalidArgument,
                  "PNG text key '" + key + "' must be 1 to 79 ASCII characters");
    }
    png_text entry{};
    entry.compression = is_ascii(value) ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    entry.key = const_cast<png_charp>(key.c_str());
    entry.text = const_cast<png_charp>(value.c_str());
    (is_ascii(value) ? entry.text_length : entry.itxt_length) = value.size();
    entries.push_back(entry);
  }
  std::vector<png_bytep> rows(static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) rows[y] = const_cast<png_bytep>(image.pixel(0, y));

  PngWriter writer;
  if (!write_picture(writer, image.width, image.height, rows.data(), entries.data(),
                     static_cast<int>(entries.size()))) {
    throw Error(ErrorKind::InvalidArgument, std::string("cannot encode PNG: ") + writer.message);
  }
  return std::move(writer.bytes);
}

}  // namespace sfumato
