#include "sfumato/tasks/depth_to_image.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

const Model& tiny_depth_model() {
  static const Model model = test::random_model("tiny_sd1+depth");
  return model;
}

// Nearer to the right.
Mask sloping_depth(int width, int height) {
  Mask depth(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      depth.row(y)[x] = static_cast<std::uint8_t>(255 * x / width);
    }
  }
  return depth;
}

TEST(DepthToImage, SeesTheDepthAndNotItsUnit) {
  const Image picture = test::coloured_picture(32, 32);
  const auto request = test::quick_request<DepthRequest>();
  const auto painted = [&](const Mask& depth) {
    return depth_to_image(tiny_depth_model(), picture, depth, request).images.at(0).rgb;
  };
  const Mask slope = sloping_depth(64, 64);
  EXPECT_NE(painted(slope), painted(inverted(slope)));
  EXPECT_EQ(painted(slope), painted(slope));
  Mask brighter(64, 64), darker(64, 64);
  for (std::size_t i = 0; i < slope.alpha.size(); ++i) {
    darker.alpha[i] = static_cast<std::uint8_t>(slope.alpha[i] / 4);
    brighter.alpha[i] = static_cast<std::uint8_t>(darker.alpha[i] + 64);
  }
  const auto a = painted(darker), b = painted(brighter);
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_LE(std::abs(a[i] - b[i]), 1) << i;
}

TEST(DepthToImage, PaintsOverAsTheStrengthSays) {
  const Image picture = test::coloured_picture(37, 50);
  auto request = test::quick_request<DepthRequest>();
  int steps = 0;
  Observer observer;
  observer.on_step = [&](const Progress& progress) { steps = progress.steps; };
  request.steps = 10;
  request.strength = 0.5;
  for (const char* mode : {"stretch", "crop", "fill", "latent"}) {
    request.resize = mode;
    const auto result =
        depth_to_image(tiny_depth_model(), picture, sloping_depth(20, 33), request, observer);
    EXPECT_EQ(steps, 6) << mode;
    EXPECT_EQ(result.images[0].width, 40) << mode;
    EXPECT_EQ(result.images[0].height, 48) << mode;
  }
}

}  // namespace
}  // namespace sfumato
