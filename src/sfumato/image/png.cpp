#include <png.h>

#include <csetjmp>
#include <cstring>

#include "sfumato/base/error.h"
#include "sfumato/image/codec_detail.h"

namespace sfumato::codec_detail {
namespace {

// libpng reports errors by longjmp, which skips destructors. So everything that owns memory lives
// in the PngReader, and the functions that call setjmp hold nothing but plain values.
struct PngReader {
  explicit PngReader(std::string_view data) : bytes(data) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info = png ? png_create_info_struct(png) : nullptr;
    if (!info) throw Error(ErrorKind::OutOfMemory, "cannot start the PNG decoder");
    png_set_read_fn(png, this, read);
    // The text and colour-profile chunks are compressed: bound what they may unfold to.
    png_set_user_limits(png, 1u << 28, 1u << 28);
    png_set_chunk_malloc_max(png, 16u << 20);
    png_set_chunk_cache_max(png, 256);
  }
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  static void read(png_structp png, png_bytep to, std::size_t count) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (self->bytes.size() < count) png_error(png, "the file ends too early");
    std::memcpy(to, self->bytes.data(), count);
    self->bytes.remove_prefix(count);
  }
  static void on_error(png_structp png, png_const_charp message) {
    auto* self = static_cast<PngReader*>(png_get_error_ptr(png));
    std::strncpy(self->message, message, sizeof self->message - 1);
    longjmp(self->jump, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}

  std::string_view bytes;
  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[160] = "damaged PNG";
  std::jmp_buf jump;
};

bool read_header(PngReader& reader) {
  if (setjmp(reader.jump)) return false;
  png_read_info(reader.png, reader.info);
  return true;
}

bool start_rgba(PngReader& reader) {
  if (setjmp(reader.jump)) return false;
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_add_alpha(reader.png, 0xFF, PNG_FILLER_AFTER);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(reader.jump)) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, reader.info);
  return true;
}

std::string utf8_from_latin1(std::string_view text) {
  std::string utf8;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xC0 | byte >> 6);
      utf8 += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return utf8;
}

/// libpng makes room for a text before it reads it, whatever length the file states.
bool chunks_lie_inside(std::string_view bytes) {
  constexpr std::size_t kSignature = 8, kFrame = 12;  // length, name and checksum of a chunk
  std::size_t at = kSignature;
  while (bytes.size() - at >= kFrame) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    if (length > bytes.size() - at - kFrame) return false;
    if (bytes.substr(at + 4, 4) == "IEND") return true;
    at += kFrame + length;
  }
  return false;
}

Image read_picture(PngReader& reader, const std::string& name) {
  const std::size_t file_size = reader.bytes.size();
  if (!chunks_lie_inside(reader.bytes)) corrupt(name, "the file ends too early");
  if (!read_header(reader)) corrupt(name, reader.message);
  const std::uint64_t width = png_get_image_width(reader.png, reader.info);
  const std::uint64_t height = png_get_image_height(reader.png, reader.info);
  check_size(width, height, name);
  // Deflate shrinks at most 1032 to 1, so a short file cannot hold a large picture.
  if (png_get_rowbytes(reader.png, reader.info) * height / 1040 > file_size) {
    corrupt(name, "the file is too short for its " + std::to_string(width) + " x " +
                      std::to_string(height) + " pixels");
  }
  if (!start_rgba(reader)) corrupt(name, reader.message);
  if (png_get_rowbytes(reader.png, reader.info) != width * 4) corrupt(name, "odd pixel format");

  std::vector<std::uint8_t> rgba(width * height * 4);
  std::vector<png_bytep> rows(height);
  for (std::uint64_t y = 0; y < height; ++y) rows[y] = rgba.data() + y * width * 4;
  if (!read_rows(reader, rows.data())) corrupt(name, reader.message);
  return on_white(rgba, static_cast<int>(width), static_cast<int>(height));
}

}  // namespace

Image decode_png(std::string_view bytes, const std::string& name) {
  PngReader reader(bytes);
  return read_picture(reader, name);
}

ImageText decode_png_text(std::string_view bytes, const std::string& name) {
  PngReader reader(bytes);
  read_picture(reader, name);  // entries may follow the pixels
  png_textp entries = nullptr;
  const int count = png_get_text(reader.png, reader.info, &entries, nullptr);
  ImageText text;
  for (int i = 0; i < count; ++i) {
    const png_text& entry = entries[i];
    const bool utf8 = entry.compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::string_view value(entry.text ? entry.text : "",
                                 utf8 ? entry.itxt_length : entry.text_length);
    text[utf8_from_latin1(entry.key)] = utf8 ? std::string(value) : utf8_from_latin1(value);
  }
  return text;
}

}  // namespace sfumato::codec_detail
