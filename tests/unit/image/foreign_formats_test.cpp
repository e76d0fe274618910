#include <gtest/gtest.h>
#include <webp/encode.h>

#include <cstdlib>

// jpeglib.h needs what cstdio declares.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {

// Smooth, so that lossy codecs keep it nearly as it is.
Image gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixel(x, y)[0] = static_cast<std::uint8_t>(255 * x / width);
      image.pixel(x, y)[1] = static_cast<std::uint8_t>(255 * y / height);
      image.pixel(x, y)[2] = 128;
    }
  }
  return image;
}

std::string jpeg_of(const Image& image, J_COLOR_SPACE space, int channels, bool progressive) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = channels;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 98, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<unsigned char> row(std::size_t(image.width) * channels, 0);
  while (info.next_scanline < info.image_height) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* p = image.pixel(x, static_cast<int>(info.next_scanline));
      // Inverted inks, as Adobe stores them: the light's colour and full brightness.
      for (int c = 0; c < channels; ++c) row[std::size_t(x) * channels + c] = c < 3 ? p[c] : 255;
    }
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string result(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return result;
}

std::string webp_of(const Image& image) {
  std::uint8_t* bytes = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, image.width * 3, &bytes);
  std::string result(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return result;
}

int worst_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  if (a.rgb.size() != b.rgb.size()) return 255;
  int worst = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) {
    worst = std::max(worst, std::abs(int(a.rgb[i]) - int(b.rgb[i])));
  }
  return worst;
}

void expect_corrupt_or_picture(const std::string& bytes) {
  try {
    decode_image(bytes, "x");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
  }
}

void expect_sound_under_damage(const std::string& sound) {
  for (std::size_t size = 0; size < sound.size(); size += 1 + sound.size() / 60) {
    EXPECT_THROW(decode_image(sound.substr(0, size), "x"), Error) << size;
  }
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = sound;
    bytes[random.below(bytes.size())] ^= static_cast<char>(1 + random.below(255));
    expect_corrupt_or_picture(bytes);
  }
}

TEST(Jpeg, DecodesColourGrayAndProgressive) {
  const Image image = gradient(40, 30);
  EXPECT_LE(worst_difference(decode_image(jpeg_of(image, JCS_RGB, 3, false), "x"), image), 12);
  EXPECT_LE(worst_difference(decode_image(jpeg_of(image, JCS_RGB, 3, true), "x"), image), 12);
  const Image gray = decode_image(jpeg_of(image, JCS_GRAYSCALE, 1, false), "x");
  EXPECT_NEAR(gray.pixel(20, 15)[0], image.pixel(20, 15)[0], 12);
  EXPECT_EQ(gray.pixel(20, 15)[0], gray.pixel(20, 15)[2]);
}

TEST(Jpeg, DecodesAdobeInks) {
  const Image image = gradient(40, 30);
  EXPECT_LE(worst_difference(decode_image(jpeg_of(image, JCS_CMYK, 4, false), "x"), image), 12);
}

TEST(Jpeg, RefusesTruncatedAndSurvivesDamaged) {
  expect_sound_under_damage(jpeg_of(gradient(40, 30), JCS_RGB, 3, false));
  expect_sound_under_damage(jpeg_of(gradient(40, 30), JCS_RGB, 3, true));
}

TEST(WebP, DecodesLossless) {
  const Image image = gradient(40, 30);
  EXPECT_EQ(decode_image(webp_of(image), "x").rgb, image.rgb);
}

TEST(WebP, RefusesTruncatedAndSurvivesDamaged) {
  expect_sound_under_damage(webp_of(gradient(40, 30)));
}

TEST(DecodeImage, RefusesOtherFiles) {
  for (const char* bytes : {"", "GIF89a", "hello", "RIFF1234WAVE", "\x89PNG"}) {
    EXPECT_THROW(decode_image(bytes, "x"), Error) << bytes;
  }
}

}  // namespace
}  // namespace sfumato
