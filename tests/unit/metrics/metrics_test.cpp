#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/metrics/clip_retrieval.h"
#include "sfumato/metrics/psnr.h"

namespace sfumato {
namespace {

TEST(Psnr, FollowsItsDefinitionPerPicture) {
  const at::Tensor want = at::zeros({2, 3, 4, 4});
  at::Tensor got = want.clone();
  got[0].add_(0.1);
  got[1].add_(0.01);
  const at::Tensor value = psnr(got, want, 2.0);
  EXPECT_NEAR(value[0].item<double>(), 10 * std::log10(4.0 / 0.01), 1e-4);
  EXPECT_NEAR(value[1].item<double>(), 10 * std::log10(4.0 / 0.0001), 1e-4);
}

TEST(Psnr, IsInfiniteForEqualPictures) {
  const at::Tensor picture = at::ones({1, 3, 2, 2});
  EXPECT_TRUE(std::isinf(psnr(picture, picture, 1.0).item<double>()));
}

TEST(TextToImageRetrieval, CountsTextsThatFindTheirOwnImage) {
  const at::Tensor images = at::eye(4) * at::tensor({1.0, 100.0, 1.0, 1.0}).unsqueeze(1);
  at::Tensor texts = at::eye(4) + 0.01;
  EXPECT_DOUBLE_EQ(text_to_image_retrieval(images, texts), 1.0);
  texts[3] = images[2];
  EXPECT_DOUBLE_EQ(text_to_image_retrieval(images, texts), 0.75);
}

TEST(TextToImageRetrieval, RefusesFeaturesThatDoNotPair) {
  EXPECT_THROW(text_to_image_retrieval(at::ones({3, 2}), at::ones({2, 2})), Error);
}

TEST(TrueTextPreference, CountsImagesNearerToTheirOwnTextWhateverTheLengths) {
  const at::Tensor images = at::eye(4);
  const at::Tensor others = at::roll(images, 1, 0);
  EXPECT_DOUBLE_EQ(true_text_preference(images, 0.1 * images, 10 * others), 1.0);
  EXPECT_DOUBLE_EQ(true_text_preference(images, 10 * others, 0.1 * images), 0.0);
  const at::Tensor half = at::cat({images.slice(0, 0, 2), others.slice(0, 2, 4)});
  EXPECT_DOUBLE_EQ(true_text_preference(images, half, at::full({4, 4}, 1.0)), 0.5);
  EXPECT_DOUBLE_EQ(true_text_preference(images, others, others), 0.0);  // a tie is no preference
  EXPECT_THROW(true_text_preference(images, images, at::ones({3, 4})), Error);
}

}  // namespace
}  // namespace sfumato
