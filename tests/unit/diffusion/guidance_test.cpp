#include "sfumato/diffusion/guidance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/guide_frames.h"
#include "sfumato/diffusion/guide_regions.h"
#include "sfumato/diffusion/mimic_guidance.h"

namespace sfumato {
namespace {

TEST(ClassifierFreeSplit, KeepsTheUnconditionalHalf) {
  const ConditionalDenoiser denoise = [](const at::Tensor& x, double, const Conditioning& c) {
    return x + c.vector->reshape({-1, 1, 1, 1});
  };
  const Conditioning cond{.context = {}, .vector = at::full({1, 1}, 3.0), .concat = {}};
  const Conditioning uncond{.context = {}, .vector = at::full({1, 1}, 1.0), .concat = {}};
  const auto split = classifier_free_split(denoise, cond, uncond, 0.5);
  EXPECT_EQ(split.guided(at::zeros({1, 1, 1, 1}), 1.0).item<float>(), 2.0f);
  EXPECT_EQ(split.unconditional().item<float>(), 1.0f);
}

TEST(GuideMimicking, KeepsImagesApart) {
  const at::Tensor cond = at::randn({2, 4, 8, 8}), uncond = at::randn({2, 4, 8, 8});
  for (const bool per_channel : {true, false}) {
    for (const bool by_deviation : {true, false}) {
      const MimicOptions options{.per_channel = per_channel, .by_deviation = by_deviation};
      const auto both = guide_mimicking(cond, uncond, 12.0, 7.0, options);
      const auto one =
          guide_mimicking(cond.narrow(0, 1, 1), uncond.narrow(0, 1, 1), 12.0, 7.0, options);
      EXPECT_TRUE(at::equal(both.narrow(0, 1, 1), one));
    }
  }
}

TEST(GuideRegions, RefusesAreasOutsideThePicture) {
  const at::Tensor uncond = at::zeros({1, 4, 8, 8});
  for (const Region::Area area : {Region::Area{.y = 0, .x = 0, .height = 9, .width = 8},
                                  {.y = -1, .x = 0, .height = 4, .width = 4},
                                  {.y = 0, .x = 6, .height = 4, .width = 4},
                                  {.y = 0, .x = 0, .height = 0, .width = 4}}) {
    const std::vector<Region> regions{{.prediction = uncond, .area = area}};
    EXPECT_THROW(guide_regions(regions, uncond, 7.0), Error);
  }
}

TEST(GuideFrames, RefusesAnUnevenBatch) {
  const std::vector<double> scales{1.0, 2.0, 3.0};
  EXPECT_THROW(guide_frames(at::zeros({4, 2}), at::zeros({4, 2}), scales), Error);
}

}  // namespace
}  // namespace sfumato
