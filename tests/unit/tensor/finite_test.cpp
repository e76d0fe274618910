#include "sfumato/tensor/finite.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sfumato {
namespace {

TEST(Finite, FindsWhatIsNot) {
  EXPECT_TRUE(all_finite(at::randn({3, 4})));
  EXPECT_TRUE(all_finite(at::empty({0})));
  EXPECT_TRUE(all_finite(at::ones({2}, at::kLong)));
  for (const double bad : {double(NAN), double(INFINITY), -double(INFINITY)}) {
    for (const auto dtype : {at::kFloat, at::kHalf, at::kBFloat16}) {
      at::Tensor values = at::zeros({100});
      values[57] = bad;
      EXPECT_FALSE(all_finite(values.to(dtype))) << bad;
    }
  }
}

// The sum of finite values may not be finite.
TEST(Finite, LargeValuesAreFinite) { EXPECT_TRUE(all_finite(at::full({100}, 3e38))); }

}  // namespace
}  // namespace sfumato
