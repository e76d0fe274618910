#include <algorithm>
#include <string_view>

#include "sfumato/image/codec_detail.h"
#include "sfumato/image/film.h"
#include "sfumato/image/film_detail.h"

// GIF89a (CompuServe 1990).
namespace sfumato {
namespace {

using namespace std::string_view_literals;

constexpr int kMostGifSide = 65535;
constexpr std::size_t kMostBlock = 255;

void put8(std::string& out, int value) { out += static_cast<char>(value & 0xFF); }
void put_le16(std::string& out, int value) {
  put8(out, value);
  put8(out, value >> 8);
}

// Data in blocks of at most 255 bytes, each behind its length, and an empty one at the end.
void put_blocks(std::string& out, std::string_view data) {
  while (!data.empty()) {
    const std::size_t size = std::min(data.size(), kMostBlock);
    put8(out, static_cast<int>(size));
    out += data.substr(0, size);
    data.remove_prefix(size);
  }
  put8(out, 0);
}

/// Lempel-Ziv-Welch coding of bytes, appendix F of the specification.
class Lzw {
 public:
  std::string encode(std::span<const std::uint8_t> pixels) {
    put(kClear);
    restart();
    int prefix = pixels.front();
    for (const std::uint8_t pixel : pixels.subspan(1)) {
      std::uint16_t& known = longer_[static_cast<std::size_t>(prefix) * 256 + pixel];
      if (known != 0) {
        prefix = known;
        continue;
      }
      known = static_cast<std::uint16_t>(next_);
      put_data(prefix);
      prefix = pixel;
    }
    put_data(prefix);
    put(kEnd);
    if (bits_ > 0) bytes_ += static_cast<char>(pending_ & 0xFF);
    return std::move(bytes_);
  }

 private:
  static constexpr int kClear = 256, kEnd = 257, kCodes = 4096;

  void restart() {
    longer_.assign(static_cast<std::size_t>(kCodes) * 256, 0);
    next_ = kEnd + 1;
    width_ = 9;
  }
  // The reader, too, learns one string from every code.
  void put_data(int code) {
    put(code);
    if (next_ == 1 << width_ && width_ < 12) ++width_;
    if (++next_ < kCodes) return;
    put(kClear);
    restart();
  }
  void put(int code) {
    pending_ |= static_cast<std::uint32_t>(code) << bits_;
    for (bits_ += width_; bits_ >= 8; bits_ -= 8) {
      bytes_ += static_cast<char>(pending_ & 0xFF);
      pending_ >>= 8;
    }
  }

  std::vector<std::uint16_t> longer_;  // code of a string and one more byte; 0: none yet
  int next_ = 0, width_ = 9, bits_ = 0;
  std::uint32_t pending_ = 0;
  std::string bytes_;
};

void put_frame(std::string& out, const Image& image, int milliseconds) {
  out += "\x21\xF9\x04\x04"sv;  // graphic control: leave the frame in place
  put_le16(out, std::clamp((milliseconds + 5) / 10, 1, 65535));
  out += "\0\0"sv;
  out += "\x2C\0\0\0\0"sv;  // image at 0, 0
  put_le16(out, image.width);
  put_le16(out, image.height);
  put8(out, 0x87);  // its own palette of 256 colours
  const codec_detail::Indexed indexed = codec_detail::quantize(image);
  for (const auto& colour : indexed.palette) {
    for (const std::uint8_t channel : colour) put8(out, channel);
  }
  put8(out, 8);
  put_blocks(out, Lzw().encode(indexed.pixels));
}

}  // namespace

std::string encode_gif_film(std::span<const Image> frames, const FilmTiming& timing,
                            const ImageText& text) {
  codec_detail::check_film(frames, timing, kMostGifSide, "GIF");
  std::string out = "GIF89a";
  put_le16(out, frames[0].width);
  put_le16(out, frames[0].height);
  out += "\x70\0\0"sv;                               // no palette for all
  out += "\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0"sv;  // again and again
  if (const auto comment = text.find("parameters"); comment != text.end()) {
    out += "\x21\xFE"sv;
    put_blocks(out, comment->second);
  }
  for (const Image& frame : frames) {
    put_frame(out, frame, &frame == &frames.back() ? timing.last_frame : timing.frame);
  }
  put8(out, 0x3B);
  return out;
}

}  // namespace sfumato
