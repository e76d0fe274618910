#include <gtest/gtest.h>
#include <png.h>
#include <unistd.h>

#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {

Image png_noise(int width, int height) {
  Random random(1);
  Image image(width, height);
  for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.bits());
  return image;
}

// The checksum of PNG chunks (ISO 3309), bit by bit.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

struct TemporaryFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("sfumato-png-test-" + std::to_string(getpid()) + ".png");
  ~TemporaryFile() { std::filesystem::remove(path); }
};

ErrorKind kind_of(const std::string& bytes) {
  try {
    decode_image(bytes, "x.png");
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("x.png"), std::string::npos) << e.what();
    return e.kind();
  }
  ADD_FAILURE() << "decoded";
  return ErrorKind::Io;
}

// A picture written through libpng's simple interface in one of its own formats.
std::string png_of(int width, int height, png_uint_32 format, const void* pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  std::string bytes(1 << 16, '\0');
  png_alloc_size_t size = bytes.size();
  EXPECT_TRUE(png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels, 0, nullptr));
  bytes.resize(size);
  return bytes;
}

TEST(Png, DecodesWhatItEncodes) {
  const Image image = png_noise(37, 11);
  const Image back = decode_image(encode_png(image), "x.png");
  EXPECT_EQ(back.width, 37);
  EXPECT_EQ(back.height, 11);
  EXPECT_EQ(back.rgb, image.rgb);
}

TEST(Png, CarriesTextInUtf8) {
  const ImageText text{{"parameters", "a red circle\nSteps: 20"},
                       {"sfumato", "{\"p\": \"Öl, 雪\"}"}};
  TemporaryFile file;
  write_png(file.path, png_noise(8, 8), text);
  EXPECT_EQ(read_image_text(file.path), text);
  EXPECT_EQ(read_image(file.path).rgb, png_noise(8, 8).rgb);
}

TEST(Png, RefusesTextKeysThatPngCannotHold) {
  EXPECT_THROW(encode_png(png_noise(2, 2), {{"", "x"}}), Error);
  EXPECT_THROW(encode_png(png_noise(2, 2), {{std::string(80, 'k'), "x"}}), Error);
}

TEST(Png, ComposesAlphaOnWhite) {
  const std::uint8_t rgba[] = {200, 0, 0, 255, 0, 0, 0, 0, 0, 100, 0, 128};
  const Image image = decode_image(png_of(3, 1, PNG_FORMAT_RGBA, rgba), "x.png");
  EXPECT_EQ(image.rgb, (std::vector<std::uint8_t>{200, 0, 0, 255, 255, 255, 127, 177, 127}));
}

TEST(Png, ConvertsGray) {
  const std::uint8_t gray[] = {0, 90, 255};
  const Image image = decode_image(png_of(3, 1, PNG_FORMAT_GRAY, gray), "x.png");
  EXPECT_EQ(image.rgb, (std::vector<std::uint8_t>{0, 0, 0, 90, 90, 90, 255, 255, 255}));
}

TEST(Png, ConvertsSixteenBits) {
  const std::uint16_t linear[] = {0, 65535, 0};
  const Image image = decode_image(png_of(3, 1, PNG_FORMAT_LINEAR_Y, linear), "x.png");
  EXPECT_EQ(image.rgb, (std::vector<std::uint8_t>{0, 0, 0, 255, 255, 255, 0, 0, 0}));
}

TEST(Png, RefusesEveryTruncation) {
  const std::string bytes = encode_png(png_noise(16, 16), {{"k", "v"}});
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_EQ(kind_of(bytes.substr(0, size)), ErrorKind::Corrupt) << size;
  }
}

TEST(Png, SurvivesDamagedBytes) {
  const std::string sound = encode_png(png_noise(16, 16), {{"k", "v"}});
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = sound;
    bytes[random.below(bytes.size())] ^= static_cast<char>(1 + random.below(255));
    try {
      decode_image(bytes, "x.png");
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    }
  }
}

TEST(Png, RefusesHugeSizesBeforeAllocating) {
  std::string bytes = encode_png(png_noise(4, 4));
  // IHDR: length 4, type 4, width 4, height 4 from byte 8 on; its checksum covers 17 bytes.
  const auto claim = [&](unsigned width, unsigned height) {
    for (int i = 0; i < 4; ++i) {
      bytes[16 + i] = static_cast<char>(width >> (24 - 8 * i));
      bytes[20 + i] = static_cast<char>(height >> (24 - 8 * i));
    }
    const auto sum = crc32(std::string_view(bytes).substr(12, 17));
    for (int i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(sum >> (24 - 8 * i));
  };
  claim(100000, 100000);
  EXPECT_EQ(kind_of(bytes), ErrorKind::Corrupt);
  claim(10000, 10000);  // allowed, but the file cannot hold it
  EXPECT_EQ(kind_of(bytes), ErrorKind::Corrupt);
}

TEST(Png, RefusesEmptyPictures) { EXPECT_THROW(encode_png(Image()), Error); }

TEST(ReadImage, NamesAMissingFile) {
  try {
    read_image("/nowhere/x.png");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_NE(std::string(e.what()).find("/nowhere/x.png"), std::string::npos);
  }
}

}  // namespace
}  // namespace sfumato
