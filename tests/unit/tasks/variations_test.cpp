#include "sfumato/tasks/variations.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/tasks/conditioning_vectors.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

const Model& tiny_reader() {
  static const Model model = test::random_model("tiny_unclip");
  return model;
}

WeightedPicture striped(int period, double weight = 1.0) {
  WeightedPicture result{.picture = Image(40, 30), .weight = weight};
  for (int y = 0; y < 30; ++y) {
    for (int x = 0; x < 40; ++x) {
      const bool on = (x / period + y / (2 * period)) % 2 == 0;
      std::fill_n(result.picture.pixel(x, y), 3, std::uint8_t(on ? 230 : 20));
    }
  }
  return result;
}

VariationsRequest varying() {
  VariationsRequest request;
  request.steps = 3;
  request.seed = 11;
  return request;
}

Image one_variation(const std::vector<WeightedPicture>& pictures,
                    const VariationsRequest& request = varying()) {
  return variations(tiny_reader(), pictures, request).images.at(0);
}

int farthest_value(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

TEST(Variations, FollowPictureSeedAndNoiseLevel) {
  const Image once = one_variation({striped(3)});
  EXPECT_EQ(once.width, 32);
  EXPECT_EQ(once.rgb, one_variation({striped(3)}).rgb);
  EXPECT_GT(farthest_value(once, one_variation({striped(10)})), 0);
  VariationsRequest request = varying();
  request.noise_level = 700;
  EXPECT_GT(farthest_value(once, one_variation({striped(3)}, request)), 0);
  request = varying();
  request.prompt = "a cat";
  EXPECT_GT(farthest_value(once, one_variation({striped(3)}, request)), 0);
}

TEST(Variations, PicturesMixByTheirWeights) {
  const Image first = one_variation({striped(3)});
  EXPECT_LE(farthest_value(first, one_variation({striped(3), striped(3, 3.0)})), 1);
  EXPECT_LE(farthest_value(first, one_variation({striped(3), striped(10, 0.0)})), 1);
  EXPECT_GT(farthest_value(first, one_variation({striped(3), striped(10, 1.0)})), 0);
  EXPECT_THROW(one_variation({striped(3), striped(10, -1.0)}), Error);
  EXPECT_THROW(one_variation({}), Error);
}

TEST(Variations, APictureDoesNotDependOnItsNeighbours) {
  VariationsRequest request = varying();
  request.count = 3;
  request.batch = 3;
  const std::vector<WeightedPicture> pictures{striped(4)};
  const auto together = variations(tiny_reader(), pictures, request);
  request.batch = 2;
  const auto apart = variations(tiny_reader(), pictures, request);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(farthest_value(together.images[i], apart.images[i]), 1) << i;
  }
  EXPECT_EQ(together.seeds, (std::vector<std::uint64_t>{11, 12, 13}));
}

std::string what_is_said(const Model& model, const std::vector<WeightedPicture>& pictures) {
  try {
    variations(model, pictures, varying());
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
  return "no error";
}

TEST(Variations, NeedAModelThatReadsPictures) {
  EXPECT_NE(what_is_said(test::random_model("tiny_sd1"), {striped(3)}).find("unCLIP"),
            std::string::npos);
  Model without = tiny_reader();
  without.image_encoder = {};
  without.config.image_encoder.reset();
  EXPECT_NE(what_is_said(without, {striped(3)}).find("image encoder"), std::string::npos);
  PaintRequest paint;
  paint.seed = 1;
  for (const Model& model : {tiny_reader(), without}) {
    try {
      text_to_image(model, paint);
      ADD_FAILURE() << "painted without a picture";
    } catch (const Error& e) {
      EXPECT_NE(e.hint().find("sfumato variations"), std::string::npos) << e.what();
    }
  }
}

TEST(NoiseBefore, IsTheFirstOfEachPicturesStream) {
  std::vector<ImageNoiseOptions> pictures(2);
  pictures[0].seed = 3;
  pictures[1].seed = 4;
  const at::Tensor before = noise_before(pictures, {3, 8, 8});
  ASSERT_EQ(before.sizes(), at::IntArrayRef({2, 3, 8, 8}));
  const NoiseSource stream = make_noise_source("torch_cpu", 4);
  EXPECT_TRUE(at::equal(before[1], stream({3, 8, 8})));
  BatchNoise after(pictures, {4, 8, 8}, at::kCPU);
  EXPECT_TRUE(at::equal(after.next()[1], stream({4, 8, 8})));
}

TEST(GiveVectors, ReachesEveryPartAndTheNegatives) {
  const ScheduledConditioning two{{{1, {}}, {9, {}}}};
  BatchPrompts prompts;
  prompts.prompts = {{{{two, 1.0}, {two, 0.5}}}, {{{two, 1.0}}}};
  prompts.negatives = {two, two};
  const at::Tensor vectors = at::tensor({1.0f, 2.0f}).view({2, 1});
  give_vectors(prompts, vectors, at::zeros({1, 1}));
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto& part : prompts.prompts[i].parts) {
      for (const auto& entry : part.schedule.entries) {
        EXPECT_EQ(entry.conditioning.vector->item<float>(), static_cast<float>(i + 1));
      }
    }
    EXPECT_EQ(prompts.negatives[i].entries[1].conditioning.vector->item<float>(), 0.0f);
  }
}

}  // namespace
}  // namespace sfumato
