#include "sfumato/image/film.h"

#include <gtest/gtest.h>
#include <webp/mux.h>

#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"

namespace sfumato {
namespace {

using namespace std::string_literals;

Image filled_with(int width, int height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Image image(width, height);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = r;
    image.rgb[i + 1] = g;
    image.rgb[i + 2] = b;
  }
  return image;
}

std::vector<Image> three_colours() {
  return {filled_with(20, 10, 255, 0, 0), filled_with(20, 10, 0, 255, 0),
          filled_with(20, 10, 0, 0, 255)};
}

// A reader of what encode_gif_film() writes, straight from the specification.
struct Gif {
  int width = 0, height = 0;
  std::string comment;
  std::vector<int> delays;  // hundredths of a second
  std::vector<Image> frames;
};

class GifReader {
 public:
  explicit GifReader(std::string bytes) : bytes_(std::move(bytes)) {}

  Gif read() {
    Gif gif;
    EXPECT_EQ(bytes_.substr(0, 6), "GIF89a");
    at_ = 6;
    gif.width = u16();
    gif.height = u16();
    at_ += 3;
    for (int mark = u8(); mark != 0x3B; mark = u8()) {
      if (mark == 0x21) {
        extension(gif);
      } else {
        EXPECT_EQ(mark, 0x2C);
        gif.frames.push_back(frame());
      }
    }
    EXPECT_EQ(at_, bytes_.size());
    return gif;
  }

 private:
  int u8() { return static_cast<unsigned char>(bytes_.at(at_++)); }
  int u16() {
    const int low = u8();
    return low | u8() << 8;
  }
  std::string blocks() {
    std::string data;
    for (int size = u8(); size != 0; size = u8()) {
      data += bytes_.substr(at_, static_cast<std::size_t>(size));
      at_ += static_cast<std::size_t>(size);
    }
    return data;
  }
  void extension(Gif& gif) {
    const int kind = u8();
    const std::string data = blocks();
    if (kind == 0xFE) gif.comment = data;
    if (kind == 0xF9) {
      gif.delays.push_back(static_cast<unsigned char>(data[1]) | static_cast<unsigned char>(data[2])
                                                                     << 8);
    }
  }
  Image frame() {
    EXPECT_EQ(u16(), 0);
    EXPECT_EQ(u16(), 0);
    const int width = u16(), height = u16();
    Image image(width, height);
    EXPECT_EQ(u8(), 0x87);
    std::vector<int> palette;
    for (int i = 0; i < 768; ++i) palette.push_back(u8());
    EXPECT_EQ(u8(), 8);
    const std::string pixels = unpacked(blocks());
    EXPECT_EQ(pixels.size() * 3, image.rgb.size());
    for (std::size_t i = 0; i < std::min(pixels.size() * 3, image.rgb.size()); ++i) {
      const std::size_t colour = static_cast<unsigned char>(pixels[i / 3]);
      image.rgb[i] = static_cast<std::uint8_t>(palette[3 * colour + i % 3]);
    }
    return image;
  }
  static std::string unpacked(const std::string& packed) {
    std::vector<std::string> strings;
    const auto restart = [&] {
      strings.clear();
      for (int i = 0; i < 256; ++i) strings.emplace_back(1, static_cast<char>(i));
      strings.resize(258);
    };
    std::string out, before;
    std::size_t bit = 0, width = 9;
    while (true) {
      std::size_t code = 0;
      for (std::size_t i = 0; i < width; ++i, ++bit) {
        if (bit / 8 >= packed.size()) return "(no end)";
        code |= std::size_t(static_cast<unsigned char>(packed[bit / 8]) >> bit % 8 & 1) << i;
      }
      if (code == 257) return out;
      if (code == 256) {
        restart();
        width = 9;
        before.clear();
        continue;
      }
      if (code > strings.size()) return "(bad code)";
      if (!before.empty() && strings.size() < 4096) {
        strings.push_back(before + (code < strings.size() ? strings[code][0] : before[0]));
        if (strings.size() == std::size_t(1) << width && width < 12) ++width;
      }
      before = strings.at(code);
      out += before;
    }
  }

  std::string bytes_;
  std::size_t at_ = 0;
};

TEST(GifFilm, KeepsFramesTimesAndText) {
  const auto frames = three_colours();
  const std::string comment = "a cat, Öl " + std::string(600, 'x');
  const Gif gif = GifReader(encode_gif_film(frames, {.frame = 40, .last_frame = 2000},
                                            {{"parameters", comment}}))
                      .read();
  EXPECT_EQ(gif.width, 20);
  EXPECT_EQ(gif.height, 10);
  EXPECT_EQ(gif.comment, comment);
  EXPECT_EQ(gif.delays, (std::vector<int>{4, 4, 200}));
  ASSERT_EQ(gif.frames.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(gif.frames[i].rgb, frames[i].rgb) << i;
}

// Noise fills the table of strings many times over.
TEST(GifFilm, DecodesToNearlyTheSamePixels) {
  Image image(200, 150);
  Random random(5);
  for (std::size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<std::uint8_t>((i / 600) + random.below(30));
  }
  const Gif gif = GifReader(encode_gif_film(std::span(&image, 1), {})).read();
  ASSERT_EQ(gif.frames.size(), 1u);
  double difference = 0;
  for (std::size_t i = 0; i < image.rgb.size(); ++i) {
    difference += std::abs(int(image.rgb[i]) - int(gif.frames[0].rgb[i]));
  }
  EXPECT_LT(difference / double(image.rgb.size()), 8.0);
}

TEST(WebPFilm, KeepsFramesTimesAndText) {
  const auto frames = three_colours();
  const ImageText text{{"parameters", "a cat"}, {"sfumato", "{}"}};
  const std::string bytes =
      encode_webp_film(frames, {.frame = 40, .last_frame = 2000}, text, kBestQuality);
  EXPECT_EQ(decode_image_text(bytes, "x"), text);

  const WebPData data{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  WebPMux* mux = WebPMuxCreate(&data, 0);
  ASSERT_NE(mux, nullptr);
  const int times[] = {40, 40, 2000};
  for (unsigned i = 0; i < 3; ++i) {
    WebPMuxFrameInfo frame;
    ASSERT_EQ(WebPMuxGetFrame(mux, i + 1, &frame), WEBP_MUX_OK);
    EXPECT_EQ(frame.duration, times[i]);
    const std::string_view still(reinterpret_cast<const char*>(frame.bitstream.bytes),
                                 frame.bitstream.size);
    EXPECT_EQ(decode_image(still, "frame").rgb, frames[i].rgb);
    WebPDataClear(&frame.bitstream);
  }
  WebPMuxFrameInfo none;
  EXPECT_NE(WebPMuxGetFrame(mux, 4, &none), WEBP_MUX_OK);
  WebPMuxDelete(mux);
}

TEST(Film, RefusesWhatIsNoFilm) {
  auto frames = three_colours();
  EXPECT_THROW(encode_gif_film({}, {}), Error);
  EXPECT_THROW(encode_webp_film({}, {}), Error);
  EXPECT_THROW(encode_gif_film(frames, {.frame = 0, .last_frame = 1}), Error);
  EXPECT_THROW(write_film("x.avi", frames, {}), Error);
  frames.push_back(Image(8, 8));
  EXPECT_THROW(encode_gif_film(frames, {}), Error);
  EXPECT_THROW(encode_webp_film(frames, {}), Error);
}

}  // namespace
}  // namespace sfumato
