#include "sfumato/tasks/edit.h"

#include <gtest/gtest.h>

#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

const Model& tiny_edit_model() {
  static const Model model = test::random_model("tiny_sd1+edited_image");
  return model;
}

std::vector<std::uint8_t> edited(const Image& picture, const EditRequest& request) {
  return edit(tiny_edit_model(), picture, request).images.at(0).rgb;
}

TEST(Edit, SeesThePicture) {
  const auto request = test::quick_request<EditRequest>("make it red");
  const Image picture = test::coloured_picture(37, 50);
  const auto result = edit(tiny_edit_model(), picture, request);
  EXPECT_EQ(result.images[0].width, 40);
  EXPECT_EQ(result.images[0].height, 48);
  EXPECT_EQ(result.request.width, 40);
  EXPECT_NE(result.images[0].rgb, edited(test::coloured_picture(37, 50, 200), request));
  EXPECT_EQ(result.images[0].rgb, edited(picture, request));
}

TEST(Edit, EachScaleCounts) {
  const Image picture = test::coloured_picture(32, 32);
  auto request = test::quick_request<EditRequest>("make it red");
  const auto before = edited(picture, request);
  request.image_guidance = 3.0;
  EXPECT_NE(edited(picture, request), before);
  request.image_guidance = 1.5;
  request.guidance = 2.0;
  EXPECT_NE(edited(picture, request), before);
}

// Without guidance by text and picture the network does not see it: what is left is the start.
TEST(Edit, BeginsWithNoiseAloneUnlessTheStrengthSaysOtherwise) {
  const Image one = test::coloured_picture(32, 32), other = test::coloured_picture(32, 32, 200);
  auto request = test::quick_request<EditRequest>("make it red");
  request.guidance = 0.0;
  request.image_guidance = 0.0;
  EXPECT_EQ(edited(one, request), edited(other, request));
  request.strength = 0.5;
  EXPECT_NE(edited(one, request), edited(other, request));
}

TEST(Edit, BringsThePictureToSize) {
  for (const char* mode : {"stretch", "crop", "fill", "latent"}) {
    auto request = test::quick_request<EditRequest>("make it red");
    request.resize = mode;
    request.width = 48;
    request.height = 32;
    request.count = 2;
    const auto result = edit(tiny_edit_model(), test::coloured_picture(37, 50), request);
    ASSERT_EQ(result.images.size(), 2u) << mode;
    EXPECT_EQ(result.images[1].width, 48) << mode;
    EXPECT_EQ(result.images[1].height, 32) << mode;
    EXPECT_NE(result.images[0].rgb, result.images[1].rgb) << mode;
  }
}

}  // namespace
}  // namespace sfumato
