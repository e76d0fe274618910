#include "sfumato/tasks/upscale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/image/mask.h"
#include "sfumato/image/resample.h"
#include "sfumato/tasks/image_to_image.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tasks/upscale_plan.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

const Model& tiny_upscaler() {
  static const Model model = test::random_model("tiny_x4_upscaler");
  return model;
}

const Model& tiny_repainter() {
  static const Model model = test::random_model("tiny_sd1");
  return model;
}

Image small_picture(int width, int height, int blue = 90) {
  Image picture(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.pixel(x, y)[0] = static_cast<std::uint8_t>(255 * x / width);
      picture.pixel(x, y)[1] = static_cast<std::uint8_t>(255 * y / height);
      picture.pixel(x, y)[2] = static_cast<std::uint8_t>(blue);
    }
  }
  return picture;
}

UpscaleRequest enlarging(const std::string& method) {
  UpscaleRequest request;
  request.method = method;
  request.prompt = "a cat";
  request.steps = 3;
  request.seed = 5;
  return request;
}

int largest_change(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

Image repeated(const Image& picture, int times) {
  Image large(picture.width * times, picture.height * times);
  for (int y = 0; y < large.height; ++y) {
    for (int x = 0; x < large.width; ++x) {
      std::copy_n(picture.pixel(x / times, y / times), 3, large.pixel(x, y));
    }
  }
  return large;
}

TEST(UpscalePlan, UnchangedTilesMakeTheResampledPicture) {
  UpscaleRequest request = enlarging("tiles");
  request.scale = 1.7;
  request.tile = 32;
  request.tile_overlap = 8;
  for (const auto& [width, height] : {std::pair{41, 13}, {64, 64}, {9, 7}}) {
    const Image picture = small_picture(width, height);
    const auto filled = with_defaults(request, tiny_repainter().config, picture);
    const UpscalePlan plan = upscale_plan(picture, filled, tiny_repainter().config);
    std::vector<Image> tiles;
    for (const Rect& tile : plan.tiles) {
      EXPECT_EQ(tile.width() % size_multiple(tiny_repainter().config), 0);
      EXPECT_EQ(tile.height() % size_multiple(tiny_repainter().config), 0);
      tiles.push_back(cropped(plan.start, tile));
    }
    EXPECT_EQ(plan.joined(tiles).rgb, resampled(picture, request).rgb) << width;
  }
}

TEST(UpscalePlan, TheX4ModelCutsTheSmallPicture) {
  UpscaleRequest request = enlarging("x4");
  request.tile = 64;
  const Image picture = small_picture(37, 11);
  const auto filled = with_defaults(request, tiny_upscaler().config, picture);
  EXPECT_EQ(filled.scale, 4.0);
  EXPECT_EQ(filled.width, 4 * 37);
  const UpscalePlan plan = upscale_plan(picture, filled, tiny_upscaler().config);
  EXPECT_EQ(plan.tiles.size(), 3u);  // of 16 pixels that share 2
  EXPECT_EQ(plan.tile_width(), 64);
  EXPECT_EQ(plan.tile_height(), 48);
  std::vector<Image> tiles;
  for (const Rect& tile : plan.tiles) tiles.push_back(repeated(cropped(plan.start, tile), 4));
  EXPECT_EQ(plan.joined(tiles).rgb, repeated(picture, 4).rgb);
}

TEST(Upscale, ResamplesWithoutAModel) {
  const Image picture = small_picture(10, 6);
  UpscaleRequest request;
  EXPECT_EQ(resampled(picture, request).rgb, resample(picture, 20, 12, Filter::Lanczos).rgb);
  request.method = "bicubic";
  request.scale = 2.5;
  EXPECT_EQ(resampled(picture, request).rgb, resample(picture, 25, 15, Filter::Bicubic).rgb);
}

TEST(Upscale, TheX4ModelSeesThePictureAndTheNoiseLevel) {
  UpscaleRequest request = enlarging("x4");
  const auto paint = [&](int blue) {
    return upscale(tiny_upscaler(), small_picture(9, 6, blue), request).images.at(0);
  };
  const Image once = paint(90);
  EXPECT_EQ(once.width, 36);
  EXPECT_EQ(once.height, 24);
  EXPECT_EQ(once.rgb, paint(90).rgb);
  EXPECT_GT(largest_change(once, paint(250)), 0);
  request.noise_level = 300;
  EXPECT_GT(largest_change(once, paint(90)), 0);
  request.noise_level = 350;
  EXPECT_NO_THROW(paint(90));
}

TEST(Upscale, OneTileOfThePicturesOwnSizeIsPaintedOver) {
  UpscaleRequest request = enlarging("tiles");
  request.scale = 1;
  request.strength = 0.6;
  const Image picture = small_picture(32, 32);
  const auto tiled = upscale(tiny_repainter(), picture, request);
  ImageToImageRequest plain = request;
  const auto whole = image_to_image(tiny_repainter(), picture, plain);
  EXPECT_EQ(tiled.images[0].rgb, whole.images[0].rgb);
}

TEST(Upscale, TilesCountTheirSeedsOnAndTellTheirSteps) {
  UpscaleRequest request = enlarging("tiles");
  request.tile = 32;
  request.tile_overlap = 0;
  request.strength = 1;
  const Image picture = small_picture(32, 16);
  int last = 0, steps = 0;
  Observer observer;
  observer.on_step = [&](const Progress& progress) {
    EXPECT_EQ(progress.step, last++);
    steps = progress.steps;
  };
  const auto result = upscale(tiny_repainter(), picture, request, observer);
  EXPECT_EQ(steps, 2 * 3);
  EXPECT_EQ(last, steps);
  EXPECT_EQ(result.images[0].width, 64);

  ImageToImageRequest second = request;
  second.seed = 6;
  const Image start = cropped(resampled(picture, request), {32, 0, 64, 32});
  const auto own = image_to_image(tiny_repainter(), start, second);
  EXPECT_EQ(cropped(result.images[0], {32, 0, 64, 32}).rgb, own.images[0].rgb);
}

TEST(Upscale, APictureDoesNotDependOnItsNeighbours) {
  UpscaleRequest request = enlarging("x4");
  request.sampler = "euler_ancestral";
  request.prompt = "a {red|blue} cat";
  request.count = 2;
  request.batch = 2;
  const Image picture = small_picture(8, 8);
  const auto together = upscale(tiny_upscaler(), picture, request);
  request.batch = 1;
  const auto apart = upscale(tiny_upscaler(), picture, request);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_LE(largest_change(together.images[i], apart.images[i]), 1);
  }
  EXPECT_GT(largest_change(together.images[0], together.images[1]), 0);
}

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
  return "no error";
}

TEST(Upscale, RefusesModelsThatCannot) {
  const Image picture = small_picture(8, 8);
  const auto with = [&](const char* method, const Model& model) {
    return refusal([&] { upscale(model, picture, enlarging(method)); });
  };
  EXPECT_NE(with("x4", tiny_repainter()).find("--method tiles"), std::string::npos);
  EXPECT_NE(with("tiles", tiny_upscaler()).find("--method x4"), std::string::npos);
  UpscaleRequest odd = enlarging("tiles");
  odd.tile = 36;
  EXPECT_NE(refusal([&] { upscale(tiny_repainter(), picture, odd); }).find("--tile"),
            std::string::npos);
}

TEST(Upscale, OtherTasksNameTheCommand) {
  PaintRequest paint;
  paint.seed = 1;
  EXPECT_NE(refusal([&] { text_to_image(tiny_upscaler(), paint); }).find("sfumato upscale"),
            std::string::npos);
  ImageToImageRequest over;
  over.seed = 1;
  const Image picture = small_picture(8, 8);
  EXPECT_NE(
      refusal([&] { image_to_image(tiny_upscaler(), picture, over); }).find("sfumato upscale"),
      std::string::npos);
}

}  // namespace
}  // namespace sfumato
