#include "sfumato/tensor/convert.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "sfumato/tensor/hollow.h"

namespace sfumato {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Converted, IsWhatLibTorchConverts) {
  for (const auto from : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble}) {
    for (const auto to : {at::kHalf, at::kBFloat16, at::kFloat}) {
      for (const std::int64_t count : {1, 15, 16, 17, 1000, 200003}) {
        const at::Tensor x = (at::randn({count}) * 100).to(from);
        const Converted got = converted(x, at::TensorOptions(to));
        EXPECT_TRUE(got.values.equal(x.to(to))) << from << " " << to << " " << count;
        EXPECT_TRUE(got.source_finite && got.finite);
        EXPECT_NE(got.values.data_ptr(), x.data_ptr());
      }
    }
  }
}

TEST(Converted, TakesWhatLiesInAnyOrder) {
  const at::Tensor x = at::randn({6, 5, 4}).transpose(0, 2);
  EXPECT_TRUE(converted(x, at::TensorOptions(at::kFloat)).values.equal(x));
}

TEST(Converted, FindsWhatIsNotFiniteWhereverItIs) {
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    for (const auto from : {at::kHalf, at::kBFloat16, at::kFloat}) {
      for (const std::int64_t at : {0, 99999, 200002}) {
        at::Tensor x = at::zeros({200003}, from);
        x[at] = bad;
        const Converted got = converted(x, at::TensorOptions(at::kBFloat16));
        EXPECT_FALSE(got.source_finite);
        EXPECT_FALSE(got.finite);
      }
    }
  }
}

TEST(Converted, TellsWhatIsTooLargeForTheNewType) {
  const Converted got = converted(at::full({40}, std::numeric_limits<float>::max()),
                                  at::TensorOptions(at::kBFloat16));
  EXPECT_TRUE(got.source_finite);
  EXPECT_FALSE(got.finite);
}

TEST(Hollow, HasSizesButNoMemory) {
  const at::Tensor weight = hollow({1 << 20, 1 << 20}, at::TensorOptions(at::kFloat));  // 4 TiB
  EXPECT_EQ(weight.sizes(), at::IntArrayRef({1 << 20, 1 << 20}));
  EXPECT_TRUE(weight[5][7].isnan().item<bool>());
  EXPECT_EQ(hollow({2}, at::TensorOptions(at::kLong)).sum().item<std::int64_t>(), 0);
}

TEST(PagedBytes, AreZeroAndWritable) {
  const at::Tensor bytes = paged_bytes((std::size_t{5} << 20) + 3);
  EXPECT_EQ(bytes.numel(), (5 << 20) + 3);
  EXPECT_EQ(bytes.max().item<int>(), 0);
  bytes.fill_(7);
  EXPECT_EQ(bytes.min().item<int>(), 7);
}

}  // namespace
}  // namespace sfumato
