#include "sfumato/training/caption_layout.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sfumato {
namespace {

TEST(CaptionLayout, ALayoutIsTheCoarsePictureWithoutItsMeanColour) {
  at::Tensor pictures = at::full({1, 3, 4, 4}, 0.5);
  pictures[0][0].slice(1, 0, 2) = 1.0;  // red on the left
  const at::Tensor layout = layout_of(pictures, 2);
  const at::Tensor red = at::tensor({0.25f, -0.25f, 0.25f, -0.25f}).view({2, 2});
  EXPECT_TRUE(at::allclose(layout[0][0], red)) << layout;
  EXPECT_EQ(layout[0][1].abs().max().item<float>(), 0.0f);
}

TEST(CaptionLayout, TheUnexplainedShareIsOneForGuessingZero) {
  const at::Tensor wanted = at::randn({2, 3, 4, 4});
  EXPECT_FLOAT_EQ(unexplained_share(at::zeros_like(wanted), wanted).item<float>(), 1.0f);
  EXPECT_FLOAT_EQ(unexplained_share(wanted / 2, wanted).item<float>(), 0.25f);
}

TEST(CaptionLayout, PicturesOfOneColourHaveAFiniteShare) {
  const at::Tensor plain = layout_of(at::full({2, 3, 8, 8}, 0.3), 4);
  EXPECT_NEAR(unexplained_share(at::zeros_like(plain), plain).item<float>(), 0.0f, 1e-6);
  EXPECT_TRUE(std::isfinite(unexplained_share(plain + 0.1, plain).item<float>()));
}

}  // namespace
}  // namespace sfumato
