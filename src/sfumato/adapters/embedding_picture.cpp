#include "sfumato/adapters/embedding_picture.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr std::size_t kMostPictureJson = 8u << 20;
constexpr std::size_t kMostPacked = 16u << 20;  ///< bytes hidden in a picture
constexpr const char* kTextKey = "sd-ti-embedding";

[[noreturn]] void corrupt_picture(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": the embedding in this picture is damaged: " + what);
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::string decode_base64(std::string_view text, const std::string& file) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) corrupt_picture(file, "its text is not base64");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFF);
  }
  return bytes;
}

/// The stream that begins at the front; what follows its end is padding.
std::string inflate_front(const std::vector<std::uint8_t>& packed, const std::string& file) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) corrupt_picture(file, "it cannot be unpacked");
  std::string bytes;
  std::vector<char> block(1 << 16);
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state == Z_OK && bytes.size() <= kMostPictureJson) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.append(block.data(), block.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (bytes.size() > kMostPictureJson) corrupt_picture(file, "it unpacks to more than 8 MiB");
  if (state != Z_STREAM_END) corrupt_picture(file, "its packed data are cut short or wrong");
  return bytes;
}

/// A rectangle of pixels, [begin, end) on both axes.
struct Area {
  int left, right, top, bottom;
};

/// What is left without the black border: the box around all pixels with no channel at zero.
Area without_border(const Image& image) {
  Area box{image.width, 0, image.height, 0};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* rgb = image.pixel(x, y);
      if (rgb[0] == 0 || rgb[1] == 0 || rgb[2] == 0) continue;
      box = {std::min(box.left, x), std::max(box.right, x + 1), std::min(box.top, y),
             std::max(box.bottom, y + 1)};
    }
  }
  return box;
}

bool is_separator(const Image& image, const Area& area, int x) {
  for (int y = area.top; y < area.bottom; ++y) {
    const std::uint8_t* rgb = image.pixel(x, y);
    if (((rgb[0] | rgb[1] | rgb[2]) & 0x0F) != 0) return false;
  }
  return true;
}

/// The low nibbles of an area, rows from the top, with the scrambling undone: a linear
/// congruential sequence modulo 2^32, of which each number counts modulo 255.
std::vector<std::uint8_t> hidden_nibbles(const Image& image, const Area& area) {
  std::vector<std::uint8_t> nibbles;
  std::uint32_t state = 0;
  for (int y = area.top; y < area.bottom; ++y) {
    const std::uint8_t* row = image.pixel(area.left, y);
    for (int i = 0; i < 3 * (area.right - area.left); ++i) {
      state = state * 1664525u + 1013904223u;
      nibbles.push_back(static_cast<std::uint8_t>((row[i] ^ state % 255) & 0x0F));
    }
  }
  return nibbles;
}

bool begins_like_zlib(const std::vector<std::uint8_t>& bytes) {
  return bytes.size() > 1 && (bytes[0] & 0x0F) == Z_DEFLATED &&
         (bytes[0] << 8 | bytes[1]) % 31 == 0;
}

/// The packed bytes beside the picture proper, or nothing: the halves of each byte lie left of the
/// first and right of the last separator.
std::optional<std::vector<std::uint8_t>> hidden_bytes(const Image& image) {
  const Area box = without_border(image);
  int first = -1, last = -1;
  for (int x = box.left; x < box.right; ++x) {
    if (!is_separator(image, box, x)) continue;
    if (first < 0) first = x;
    last = x;
  }
  if (first < 0 || first == last || first - box.left != box.right - last - 1) return std::nullopt;
  const std::size_t count =
      std::size_t(3) * std::size_t(first - box.left) * std::size_t(box.bottom - box.top);
  if (count == 0 || count > kMostPacked) return std::nullopt;
  const auto low = hidden_nibbles(image, {box.left, first, box.top, box.bottom});
  const auto high = hidden_nibbles(image, {last + 1, box.right, box.top, box.bottom});
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::uint8_t>(high[i] << 4 | low[i]);
  }
  if (!begins_like_zlib(bytes)) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<PictureEmbedding> embedding_in_picture(const Image& image, const ImageText& text,
                                                     const std::string& file) {
  if (const auto entry = text.find(kTextKey); entry != text.end()) {
    return parse_embedding_json(decode_base64(entry->second, file), file);
  }
  const auto packed = hidden_bytes(image);
  if (!packed) return std::nullopt;
  return parse_embedding_json(inflate_front(*packed, file), file);
}

}  // namespace sfumato
