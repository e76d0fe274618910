#include <gtest/gtest.h>

#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/random.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {

using namespace std::string_literals;

Image text_gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixel(x, y)[0] = static_cast<std::uint8_t>(255 * x / width);
      image.pixel(x, y)[1] = static_cast<std::uint8_t>(255 * y / height);
    }
  }
  return image;
}

ImageText some_text() {
  return {{"parameters", "a red circle, Öl, 雪, 🎨\nSteps: 20"},
          {"sfumato", "{\"p\": \"雪\"}"},
          {"note", "x"}};
}

TEST(ImageText, IsCarriedByEveryFormat) {
  for (const char* format : {"png", "jpg", "webp"}) {
    const std::string bytes = encode_image(text_gradient(40, 30), format, some_text());
    EXPECT_EQ(decode_image_text(bytes, "x"), some_text()) << format;
    EXPECT_EQ(decode_image(bytes, "x").width, 40) << format;
    EXPECT_TRUE(decode_image_text(encode_image(text_gradient(8, 8), format), "x").empty())
        << format;
  }
}

// The block as A1111's web UI writes it, byte for byte: big-endian, one entry in each directory.
TEST(ImageText, WritesExifAsTheWebUiReadsIt) {
  const std::string expected =
      "Exif\0\0MM\0\x2A\0\0\0\x08"s
      "\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1A\0\0\0\0"s
      "\0\x01\x92\x86\0\x07\0\0\0\x0E\0\0\0\x2C\0\0\0\0"s
      "UNICODE\0\0h\0\xE9\x96\xEA"s;
  const std::string jpeg = encode_jpeg(text_gradient(8, 8), {{"parameters", "hé雪"}});
  EXPECT_NE(jpeg.find(expected), std::string::npos);
  const std::string webp = encode_webp(text_gradient(8, 8), {{"parameters", "hé雪"}});
  EXPECT_NE(webp.find(expected.substr(6)), std::string::npos);
}

// A JPEG that consists of one segment.
std::string jpeg_with(char marker, const std::string& content) {
  std::string bytes = "\xFF\xD8\xFF"s + marker;
  const std::size_t size = content.size() + 2;
  bytes += static_cast<char>(size >> 8);
  bytes += static_cast<char>(size & 0xFF);
  return bytes + content + "\xFF\xD9";
}

std::string parameters_in(const std::string& bytes) {
  const ImageText text = decode_image_text(bytes, "x");
  const auto at = text.find("parameters");
  return at == text.end() ? "(none)" : at->second;
}

TEST(ImageText, ReadsOtherProgramsExif) {
  const auto little = [](const std::string& comment) {
    return "Exif\0\0II\x2A\0\x08\0\0\0"s + "\x01\0\x69\x87\x04\0\x01\0\0\0\x1A\0\0\0\0\0\0\0"s +
           "\x01\0\x86\x92\x07\0"s + static_cast<char>(comment.size()) +
           "\0\0\0\x2C\0\0\0\0\0\0\0"s + comment;
  };
  EXPECT_EQ(parameters_in(jpeg_with('\xE1', little("UNICODE\0h\0i\0"s))), "hi");
  EXPECT_EQ(parameters_in(jpeg_with('\xE1', little("UNICODE\0\0h\0i"s))), "hi");
  EXPECT_EQ(parameters_in(jpeg_with('\xE1', little("UNICODE\0\xFF\xFEh\0i\0"s))), "hi");
  EXPECT_EQ(parameters_in(jpeg_with('\xE1', little("ASCII\0\0\0hi\0"s))), "hi");
  EXPECT_EQ(parameters_in(jpeg_with('\xE1', little("plain \xFFtext"s))), "plain text");
  EXPECT_EQ(parameters_in(jpeg_with('\xFE', "parameters\0a cat"s)), "a cat");
  EXPECT_EQ(parameters_in(jpeg_with('\xFE', "some comment"s)), "(none)");
}

TEST(ImageText, SurvivesDamagedExif) {
  for (const char* format : {"jpg", "webp"}) {
    const std::string sound = encode_image(text_gradient(8, 8), format, some_text());
    for (std::size_t size = 0; size < sound.size(); ++size) {
      decode_image_text(sound.substr(0, size), "x");
    }
    Random random(3);
    for (int i = 0; i < 3000; ++i) {
      std::string bytes = sound;
      for (int k = 0; k < 3; ++k) {
        bytes[12 + random.below(bytes.size() - 12)] = static_cast<char>(random.below(256));
      }
      decode_image_text(bytes, "x");
    }
  }
  // Directories and values that lie outside, or count what is not there.
  for (const char* number : {"\xFF\xFF\xFF\xFF", "\x00\x00\x00\x08", "\x7F\xFF\xFF\xF0"}) {
    const std::string four(number, 4);
    decode_image_text(jpeg_with('\xE1', "Exif\0\0MM\0\x2A"s + four + "\xFF\xFF"), "x");
    decode_image_text(
        jpeg_with('\xE1', "Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x87\x69\0\x04"s + four + four + four),
        "x");
  }
}

TEST(EncodeImage, JpegRefusesTextThatDoesNotFit) {
  const ImageText text{{"parameters", std::string(40000, 'x')}};
  EXPECT_THROW(encode_jpeg(text_gradient(8, 8), text), Error);
  EXPECT_EQ(decode_image_text(encode_webp(text_gradient(8, 8), text), "x"), text);
}

TEST(EncodeImage, WebPOfBestQualityIsLossless) {
  const Image image = text_gradient(40, 30);
  EXPECT_EQ(decode_image(encode_webp(image, {}, kBestQuality), "x").rgb, image.rgb);
}

TEST(EncodeImage, RefusesWhatItCannotWrite) {
  EXPECT_THROW(encode_image(text_gradient(8, 8), "bmp"), Error);
  EXPECT_THROW(encode_image(text_gradient(8, 8), "jpg", {}, 0), Error);
  EXPECT_THROW(encode_image(Image(), "webp"), Error);
  EXPECT_THROW(encode_webp(Image(16384, 1)), Error);
  EXPECT_THROW(encode_jpeg(Image(65501, 1)), Error);
}

TEST(WriteImage, GoesByTheEnding) {
  const auto folder = std::filesystem::temp_directory_path() / "sfumato-image-text-test";
  std::filesystem::create_directories(folder);
  write_image(folder / "a.JPG", text_gradient(8, 8), some_text());
  EXPECT_EQ(read_image_text(folder / "a.JPG"), some_text());
  EXPECT_THROW(write_image(folder / "a", text_gradient(8, 8)), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sfumato
