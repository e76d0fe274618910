#include "sfumato/data/scenes/scene_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/data/scenes/generate.h"

namespace sfumato::scenes {
namespace {

constexpr int kReadScenes = 300;

double gaussian(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

/// What a decoder may do to a picture: a 3 x 3 blur with side weight `blur`, then noise.
Image worsened(const Image& image, double blur, double sigma, Random& random) {
  Image result(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        double sum = 0.0, total = 0.0;
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            const double weight = (dx == 0 ? 1 : blur) * (dy == 0 ? 1 : blur);
            const int from_x = std::clamp(x + dx, 0, image.width - 1);
            const int from_y = std::clamp(y + dy, 0, image.height - 1);
            sum += weight * image.pixel(from_x, from_y)[c];
            total += weight;
          }
        }
        const double value = sum / total + sigma * gaussian(random);
        result.pixel(x, y)[c] = static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
      }
    }
  }
  return result;
}

struct Condition {
  int size;
  double blur, sigma;
};

class SceneReader : public testing::TestWithParam<Condition> {};

TEST_P(SceneReader, IsRightOnFreshScenes) {
  const auto [size, blur, sigma] = GetParam();
  Random random(1);
  int right = 0, backgrounds = 0;
  for (int i = 0; i < kReadScenes; ++i) {
    const auto [scene, caption] = captioned_scene(1234, i, {});
    Image image = draw_scene(scene, size);
    if (sigma > 0) image = worsened(image, blur, sigma, random);
    const SeenScene seen = read_scene(image);
    right += check_scene(seen, describe(scene)).right();
    backgrounds += seen.background == scene.background;
  }
  EXPECT_GE(right, kReadScenes * 99 / 100);
  EXPECT_GE(backgrounds, kReadScenes * 99 / 100);
}

INSTANTIATE_TEST_SUITE_P(Pictures, SceneReader,
                         testing::Values(Condition{64, 0, 0}, Condition{128, 0, 0},
                                         Condition{64, 0.3, 4}, Condition{128, 0.3, 4},
                                         Condition{64, 0.6, 6}));

// A reader that always says "right" would pass the test above.
TEST(SceneReader, FindsEveryKindOfDifference) {
  for (int i = 0; i < kReadScenes; ++i) {
    const Scene scene = captioned_scene(99, i, {.objects = 2, .split = Split::Train}).scene;
    const SeenScene seen = read_scene(draw_scene(scene, 64));

    SceneDescription other = describe(scene);
    other.relations[0].relation = inverse(other.relations[0].relation);
    EXPECT_TRUE(check_scene(seen, other).objects_right);
    EXPECT_FALSE(check_scene(seen, other).relations_right);

    other = describe(scene);
    other.objects[0].shape = static_cast<Shape>((int(other.objects[0].shape) + 1) % kShapes);
    EXPECT_FALSE(check_scene(seen, other).objects_right);
    EXPECT_FALSE(check_scene(seen, other).relations_right);

    other = describe(scene);
    other.objects[1].colour =
        static_cast<Colour>((int(other.objects[1].colour) + 1) % kObjectColours);
    EXPECT_FALSE(check_scene(seen, other).objects_right);

    other = describe(scene);
    other.relations.clear();
    other.objects.pop_back();
    EXPECT_FALSE(check_scene(seen, other).objects_right);
  }
}

TEST(SceneReader, FindsTheBoxes) {
  Scene scene;
  scene.background_rgb = {128, 128, 128};
  scene.objects = {{Colour::Green, Shape::Square, true, 0.5, 0.25, 0.2, {40, 170, 70}}};
  const SeenScene seen = read_scene(draw_scene(scene, 128));
  ASSERT_EQ(seen.objects.size(), 1u);
  EXPECT_NEAR(seen.objects[0].x(), 64, 1);
  EXPECT_NEAR(seen.objects[0].y(), 32, 1);
  EXPECT_NEAR(seen.objects[0].right - seen.objects[0].left, 128 * 0.4 * 0.88, 2);
}

TEST(SceneReader, SeparatesTouchingObjectsOfDifferentColour) {
  Scene scene;
  scene.background_rgb = {245, 245, 245};
  scene.background = Colour::White;
  scene.objects = {{Colour::Red, Shape::Square, true, 0.3, 0.5, 0.2, {220, 40, 40}},
                   {Colour::Blue, Shape::Square, true, 0.64, 0.5, 0.2, {50, 90, 220}}};
  const SeenScene seen = read_scene(draw_scene(scene, 64));
  ASSERT_EQ(seen.objects.size(), 2u);
  EXPECT_NE(seen.objects[0].colour, seen.objects[1].colour);
}

TEST(SceneReader, RefusesDeformedShapes) {
  // An L.
  Image image(64, 64);
  std::fill(image.rgb.begin(), image.rgb.end(), 245);
  for (int y = 10; y < 54; ++y) {
    for (int x = 10; x < 54; ++x) {
      const bool inside = x < 24 || y > 40;
      if (!inside) continue;
      image.pixel(x, y)[0] = 220;
      image.pixel(x, y)[1] = image.pixel(x, y)[2] = 40;
    }
  }
  const SeenScene seen = read_scene(image);
  ASSERT_EQ(seen.objects.size(), 1u);
  EXPECT_GT(seen.objects[0].misfit, kMostMisfit);
}

TEST(SceneReader, ReadsAnything) {
  Random random(1);
  for (const int size : {1, 2, 9, 64}) {
    Image image(size, size);
    for (auto& value : image.rgb) value = static_cast<std::uint8_t>(random.bits());
    EXPECT_NO_THROW(read_scene(image));
  }
  EXPECT_TRUE(read_scene(Image()).objects.empty());
}

}  // namespace
}  // namespace sfumato::scenes
