#include "sfumato/tasks/image_to_image.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/run_sampler.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/film.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/second_pass.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

const Model& tiny_image_model() {
  static const Model model = test::random_model("tiny_sd1");
  return model;
}

Image gradient(int width, int height) {
  Image picture(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.pixel(x, y)[0] = static_cast<std::uint8_t>(255 * x / width);
      picture.pixel(x, y)[1] = static_cast<std::uint8_t>(255 * y / height);
      picture.pixel(x, y)[2] = 99;
    }
  }
  return picture;
}

// White in the rectangle.
Mask mask_with(int width, int height, const Rect& white) {
  Mask mask(width, height);
  for (int y = white.top; y < white.bottom; ++y) {
    std::fill(mask.row(y) + white.left, mask.row(y) + white.right, std::uint8_t{255});
  }
  return mask;
}

template <class Request>
Request request_for(const std::string& prompt) {
  Request request;
  request.prompt = prompt;
  request.steps = 4;
  request.seed = 7;
  return request;
}

int farthest_pixel(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

std::size_t steps_of(int steps, double strength, bool all_steps = false) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  return repainting_levels(find_sampler("euler"), find_spacing("karras"), schedule, steps, strength,
                           all_steps)
             .size() -
         1;
}

TEST(RepaintingLevels, AreOneStepMoreThanTheShare) {
  EXPECT_EQ(steps_of(20, 0.75), 16u);
  EXPECT_EQ(steps_of(20, 0.5), 11u);
  EXPECT_EQ(steps_of(20, 1.0), 20u);
  EXPECT_EQ(steps_of(20, 0.0), 1u);
  EXPECT_EQ(steps_of(20, 0.5, true), 20u);
  EXPECT_EQ(steps_of(20, 0.0, true), 1u);
}

TEST(RepaintingLevels, AreTheLastOfTheWholeRun) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto& karras = find_spacing("karras");
  const auto whole = run_levels(find_sampler("euler"), karras, schedule, 10);
  const auto part =
      repainting_levels(find_sampler("euler"), karras, schedule, 10, 0.5, /*all_steps=*/false);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.end() - 7));
}

TEST(ImageToImage, KeepsMoreOfThePictureAtLessStrength) {
  const Image picture = gradient(32, 32);
  auto request = request_for<ImageToImageRequest>("a cat");
  int steps = 0;
  Observer observer;
  observer.on_step = [&](const Progress& progress) { steps = progress.steps; };
  request.strength = 0.5;
  const auto half = image_to_image(tiny_image_model(), picture, request, observer);
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(half.images[0].width, 32);
  EXPECT_EQ(half.request.width, 32);
  request.strength = 1.0;
  const auto all = image_to_image(tiny_image_model(), picture, request, observer);
  EXPECT_EQ(steps, 4);
  EXPECT_NE(half.images[0].rgb, all.images[0].rgb);
  EXPECT_EQ(all.images[0].rgb, image_to_image(tiny_image_model(), picture, request).images[0].rgb);
}

TEST(ImageToImage, APictureDoesNotDependOnItsNeighbours) {
  auto request = request_for<ImageToImageRequest>("a {red|blue} cat");
  request.sampler = "euler_ancestral";
  request.count = 3;
  request.batch = 3;
  const auto together = image_to_image(tiny_image_model(), gradient(32, 32), request);
  request.batch = 1;
  const auto apart = image_to_image(tiny_image_model(), gradient(32, 32), request);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(farthest_pixel(together.images[i], apart.images[i]), 1) << i;
  }
}

TEST(ImageToImage, BringsThePictureToSize) {
  for (const char* mode : {"stretch", "crop", "fill", "latent"}) {
    auto request = request_for<ImageToImageRequest>("a cat");
    request.resize = mode;
    request.width = 48;
    request.height = 32;
    const auto result = image_to_image(tiny_image_model(), gradient(37, 50), request);
    EXPECT_EQ(result.images[0].width, 48) << mode;
    EXPECT_EQ(result.images[0].height, 32) << mode;
  }
  const auto rounded = image_to_image(tiny_image_model(), gradient(37, 50),
                                      request_for<ImageToImageRequest>("a cat"));
  EXPECT_EQ(rounded.images[0].width, 40);
  EXPECT_EQ(rounded.images[0].height, 48);
}

// Every byte outside the blurred mask is that of the picture, whatever is painted.
void expect_kept(const Image& picture, const Mask& mask, const InpaintRequest& request) {
  const auto result = inpaint(tiny_image_model(), picture, mask, request);
  const Image& image = result.images[0];
  const Mask soft = blurred(mask, request.mask_blur, request.mask_blur);
  ASSERT_EQ(image.width, picture.width);
  ASSERT_EQ(image.height, picture.height);
  int changed = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool same = std::equal(image.pixel(x, y), image.pixel(x, y) + 3, picture.pixel(x, y));
      if (soft.row(y)[x] == 0) {
        EXPECT_TRUE(same) << x << ", " << y;
      }
      changed += !same;
    }
  }
  EXPECT_GT(changed, 0);
}

TEST(Inpaint, KeepsWhatLiesOutsideTheMask) {
  for (const char* fill : {"fill", "original", "latent-noise", "latent-nothing"}) {
    auto request = request_for<InpaintRequest>("a cat");
    request.fill = fill;
    request.mask_blur = 1;
    SCOPED_TRACE(fill);
    expect_kept(gradient(40, 32), mask_with(40, 32, {4, 4, 20, 20}), request);
    expect_kept(gradient(37, 50), mask_with(37, 50, {4, 4, 20, 20}), request);
  }
}

TEST(Inpaint, PaintsOnlyAroundTheMask) {
  auto request = request_for<InpaintRequest>("a cat");
  request.only_masked = true;
  request.padding = 2;
  request.mask_blur = 1;
  expect_kept(gradient(90, 61), mask_with(90, 61, {40, 20, 52, 30}), request);
}

TEST(Inpaint, RefusesAMaskThatRepaintsNothing) {
  auto request = request_for<InpaintRequest>("a cat");
  EXPECT_THROW(inpaint(tiny_image_model(), gradient(32, 32), Mask(32, 32), request), Error);
  request.invert_mask = true;
  EXPECT_NO_THROW(inpaint(tiny_image_model(), gradient(32, 32), Mask(32, 32), request));
}

// As tiny_sd1, but its network sees mask and picture as five more channels.
Model inpainting_model() {
  ModelConfig config = find_family("tiny_sd1");
  config.unet->in_channels = 9;
  config.concat.kind = ConcatKind::MaskedLatent;
  config.concat.channels = 5;
  const auto positions = static_cast<int>(config.text_encoders[0].positions);
  return make_model(config, tokenizer_file({}, positions), 1);
}

TEST(InpaintingChannels, AreTheMaskAndThePictureWithoutIt) {
  const Model model = inpainting_model();
  const at::Tensor picture = at::full({1, 3, 32, 48}, 0.5), mask = at::zeros({1, 1, 32, 48});
  mask.narrow(3, 0, 24).fill_(1.0);
  const auto channels = inpainting_channels(model, picture, mask, 48, 32);
  ASSERT_TRUE(channels.has_value());
  EXPECT_EQ(channels->sizes(), (std::vector<std::int64_t>{1, 5, 8, 12}));
  EXPECT_EQ((*channels)[0][0].sum().item<double>(), 8 * 6);
  const at::Tensor known = model.autoencoder.encode(picture * (1.0 - mask));
  EXPECT_TRUE(at::allclose(channels->narrow(1, 1, 4), known));
  EXPECT_FALSE(inpainting_channels(tiny_image_model(), picture, mask, 48, 32).has_value());
}

TEST(InpaintingChannels, ServeEveryTask) {
  const Model model = inpainting_model();
  const Image picture = gradient(32, 32);
  const auto inpainting = request_for<InpaintRequest>("a cat");
  const Mask mask = mask_with(32, 32, {8, 8, 24, 24});
  EXPECT_EQ(inpaint(model, picture, mask, inpainting).images.size(), 1u);
  auto painting_over = request_for<ImageToImageRequest>("a cat");
  painting_over.count = 2;
  EXPECT_EQ(image_to_image(model, picture, painting_over).images.size(), 2u);
  auto painting = request_for<PaintRequest>("a cat");
  painting.hires_scale = 2;
  EXPECT_EQ(text_to_image(model, painting).images[0].width, 64);
}

TEST(InpaintPicture, FillsTheMaskUnlessItIsKept) {
  auto request = request_for<InpaintRequest>("a cat");
  request.width = request.height = 32;
  request.mask_blur = 0;
  const Image picture = gradient(32, 32);
  const Mask mask = mask_with(32, 32, {8, 8, 24, 24});
  EXPECT_EQ(inpaint_picture(picture, mask, request, 8).start.rgb, picture.rgb);
  request.fill = "fill";
  const InpaintPicture filled_in = inpaint_picture(picture, mask, request, 8);
  EXPECT_NE(filled_in.start.rgb, picture.rgb);
  EXPECT_EQ(filled_in.finished(picture).rgb, picture.rgb);
}

TEST(Film, HasAFramePerStep) {
  std::vector<at::Tensor> estimates;
  Observer observer;
  observer.on_estimate = [&](const at::Tensor& estimate, int) { estimates.push_back(estimate); };
  auto request = request_for<ImageToImageRequest>("a cat");
  request.strength = 1.0;
  const auto result = image_to_image(tiny_image_model(), gradient(32, 32), request, observer);
  ASSERT_EQ(estimates.size(), 4u);
  for (const bool decode : {false, true}) {
    const auto frames = film_frames(tiny_image_model(), estimates, decode);
    ASSERT_EQ(frames.size(), 4u);
    EXPECT_EQ(frames.front().width, 32);
    EXPECT_LE(farthest_pixel(frames.back(), result.images[0]), 1);
  }
}

}  // namespace
}  // namespace sfumato
