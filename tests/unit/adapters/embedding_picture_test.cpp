#include "sfumato/adapters/embedding_picture.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <vector>

#include "adapters_support.h"

namespace sfumato {
namespace {

constexpr const char* kJson =
    R"({"name": "cat", "step": 12, "string_to_token": {"*": 265},
        "string_to_param": {"*": {"TORCHTENSOR": [[0.5, -1.0, 2.0], [0.25, 3.0, -4.0]]}}})";

std::string zlib_stream(const std::string& text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size,
           reinterpret_cast<const Bytef*>(text.data()), text.size());
  packed.resize(size);
  return packed;
}

// A gray picture with the nibbles of `bytes` beside it, as the web interface draws it: low halves
// on the left, high halves on the right, a black column between each and the picture.
Image picture_with(const std::string& bytes) {
  constexpr int kHeight = 16, kMiddle = 10;
  const int side = static_cast<int>(bytes.size()) / (3 * kHeight) + 1;
  Image image(2 * side + kMiddle + 2, kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kMiddle; ++x) {
      for (int c = 0; c < 3; ++c) image.pixel(side + 1 + x, y)[c] = 0x77;
    }
  }
  std::uint32_t state = 0;
  for (int y = 0; y < kHeight; ++y) {
    for (int i = 0; i < 3 * side; ++i) {
      state = static_cast<std::uint32_t>((1664525ull * state + 1013904223ull) % 4294967296ull);
      const auto at = static_cast<std::size_t>(y * 3 * side + i);
      const unsigned byte = at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
      const unsigned noise = state % 255;
      // High bits are decoration there; here they keep the pixels from being black.
      image.pixel(0, y)[i] = static_cast<std::uint8_t>(0x90 | ((byte ^ noise) & 15));
      image.pixel(side + kMiddle + 2, y)[i] =
          static_cast<std::uint8_t>(0x60 | ((byte >> 4 ^ noise) & 15));
    }
  }
  return image;
}

void expect_cat(const std::optional<PictureEmbedding>& found) {
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "cat");
  ASSERT_EQ(found->tensors.size(), 1u);
  const at::Tensor wanted =
      at::tensor(std::vector<float>{0.5f, -1.0f, 2.0f, 0.25f, 3.0f, -4.0f}).reshape({2, 3});
  EXPECT_TRUE(at::equal(found->tensors.at("string_to_param/*"), wanted));
}

TEST(EmbeddingPicture, IsReadFromTheText) {
  const ImageText text{{"sd-ti-embedding",
                        "eyJuYW1lIjogImNhdCIsICJzdHJpbmdfdG9fcGFyYW0iOiB7IioiOiB7IlRPUkNIVEVOU09SIj"
                        "ogW1swLjUsIC0xLCAyXSwgWzAuMjUsIDMsIC00XV19fX0="}};
  expect_cat(embedding_in_picture(Image(4, 4), text, "cat.png"));
}

TEST(EmbeddingPicture, IsReadFromThePixels) {
  expect_cat(embedding_in_picture(picture_with(zlib_stream(kJson)), {}, "cat.png"));
}

TEST(EmbeddingPicture, IsNotSeenInOrdinaryPictures) {
  Image white(8, 8), black(8, 8), stripes(9, 8);
  for (auto& value : white.rgb) value = 255;
  for (std::size_t i = 0; i < stripes.rgb.size(); ++i)
    stripes.rgb[i] = i / 3 % 3 == 1 ? 0x10 : 0x54;
  for (const auto* image : {&white, &black, &stripes}) {
    EXPECT_FALSE(embedding_in_picture(*image, {{"parameters", "x"}}, "x.png").has_value());
  }
}

TEST(EmbeddingPicture, ThatIsDamagedIsRefused) {
  const auto refused = [](const Image& image, const ImageText& text) {
    return error_of([&] { embedding_in_picture(image, text, "cat.png"); }).kind();
  };
  std::string cut = zlib_stream(kJson);
  cut.resize(cut.size() / 2);
  EXPECT_EQ(refused(picture_with(cut), {}), ErrorKind::Corrupt);
  EXPECT_EQ(refused(picture_with(zlib_stream(std::string(9 << 20, ' '))), {}), ErrorKind::Corrupt);
  EXPECT_EQ(refused({}, {{"sd-ti-embedding", "!"}}), ErrorKind::Corrupt);
}

TEST(EmbeddingJson, RefusesWhatIsNoEmbedding) {
  for (const std::string& json : {
           std::string("[]"),
           std::string("{}"),
           std::string("{"),
           std::string(R"({"a": {"TORCHTENSOR": []}})"),
           std::string(R"({"a": {"TORCHTENSOR": [[1, 2], [3]]}})"),
           std::string(R"({"a": {"TORCHTENSOR": [[], []]}})"),
           std::string(R"({"a": {"TORCHTENSOR": ["x"]}})"),
           std::string(1000, '['),
       }) {
    EXPECT_EQ(error_of([&] { parse_embedding_json(json, "x"); }).kind(), ErrorKind::Corrupt)
        << json.substr(0, 60);
  }
}

}  // namespace
}  // namespace sfumato
