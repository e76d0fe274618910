#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "sfumato/base/error.h"
#include "sfumato/image/codecs.h"

namespace sfumato {
namespace {

std::string density_refusal(const std::string& bytes) {
  try {
    decode_image(bytes, "picture");
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

Image plain_picture(int width, int height) {
  Image image(width, height);
  std::fill(image.rgb.begin(), image.rgb.end(), std::uint8_t{200});
  return image;
}

/// The picture's size in the frame header, behind marker, length and precision.
std::string with_jpeg_size(std::string jpeg, int width, int height) {
  const auto frame = jpeg.find("\xFF\xC0");
  if (frame == jpeg.npos) throw std::runtime_error("no frame header");
  jpeg[frame + 5] = static_cast<char>(height >> 8);
  jpeg[frame + 6] = static_cast<char>(height & 0xFF);
  jpeg[frame + 7] = static_cast<char>(width >> 8);
  jpeg[frame + 8] = static_cast<char>(width & 0xFF);
  return jpeg;
}

TEST(PictureDensity, AShortJpegCannotAskForALargePicture) {
  const std::string jpeg = encode_jpeg(plain_picture(16, 16));
  EXPECT_EQ(density_refusal(jpeg), "accepted");
  EXPECT_EQ(density_refusal(with_jpeg_size(jpeg, 16000, 16000)),
            "picture: the file is too short for its 16000 x 16000 pixels");
}

TEST(PictureDensity, APlainJpegOfTheBestCompressionIsRead) {
  EXPECT_EQ(density_refusal(encode_jpeg(plain_picture(3000, 2000), {}, 1)), "accepted");
}

TEST(PictureDensity, AShortWebpCannotAskForTheLargestPicture) {
  EXPECT_EQ(density_refusal(encode_webp(plain_picture(4000, 4000), {}, kBestQuality)), "accepted");
  // VP8L keeps width - 1 and height - 1 in 14 bits each, behind its signature at byte 20.
  std::string webp = encode_webp(plain_picture(16, 16), {}, kBestQuality);
  const auto at = webp.find('\x2F', 20);
  const std::uint32_t sizes = 16382u | 16382u << 14;
  for (int i = 0; i < 4; ++i) webp[at + 1 + i] = static_cast<char>(sizes >> (8 * i) & 0xFF);
  EXPECT_EQ(density_refusal(webp), "picture: the file is too short for its 16383 x 16383 pixels");
}

TEST(PictureDensity, ATextInAPngLiesInsideTheFile) {
  std::string png = encode_png(plain_picture(4, 4), {{"parameters", "a cat"}});
  const auto text = png.find("tEXtparameters");
  ASSERT_NE(text, png.npos);
  png[text - 4] = '\x30';  // 805 MB
  EXPECT_EQ(density_refusal(png), "picture: the file ends too early");
}

}  // namespace
}  // namespace sfumato
