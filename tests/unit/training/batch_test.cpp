#include "sfumato/training/batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sfumato/base/error.h"
#include "sfumato/training/step_random.h"

namespace sfumato {
namespace {

std::vector<std::int64_t> numbers(const at::Tensor& t) {
  return {t.data_ptr<std::int64_t>(), t.data_ptr<std::int64_t>() + t.numel()};
}

TEST(EpochOrder, ShowsEverySampleOncePerEpoch) {
  EpochOrder order(12, 3);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::int64_t> seen;
    for (std::int64_t step = 0; step < 3; ++step) {
      for (const auto i : numbers(order.batch(epoch * 3 + step, 4))) seen.insert(i);
    }
    EXPECT_EQ(seen.size(), 12u);
  }
}

TEST(EpochOrder, IsAFunctionOfSeedAndStepWhateverWasAskedBefore) {
  EpochOrder walked(10, 5);
  std::vector<std::vector<std::int64_t>> batches;
  for (std::int64_t step = 0; step < 20; ++step) batches.push_back(numbers(walked.batch(step, 3)));
  for (const std::int64_t step : {17, 2, 9, 3, 19, 0}) {
    EpochOrder fresh(10, 5);
    EXPECT_EQ(numbers(fresh.batch(step, 3)), batches[static_cast<std::size_t>(step)]);
    EXPECT_EQ(numbers(walked.batch(step, 3)), batches[static_cast<std::size_t>(step)]);
  }
}

TEST(EpochOrder, ShufflesDifferentlyForEverySeedAndEpoch) {
  EpochOrder a(100, 1), b(100, 2);
  EXPECT_NE(numbers(a.batch(0, 100)), numbers(b.batch(0, 100)));
  EXPECT_NE(numbers(a.batch(0, 100)), numbers(a.batch(1, 100)));
}

TEST(EpochOrder, RefusesAnEmptyDataSet) { EXPECT_THROW(EpochOrder(0, 1), Error); }

TEST(StepGenerator, IsAFunctionOfSeedAndStep) {
  const auto draw = [](std::uint64_t seed, std::int64_t step) {
    at::Generator random = step_generator(seed, step);
    return at::randn({8}, random);
  };
  EXPECT_TRUE(at::equal(draw(1, 2), draw(1, 2)));
  EXPECT_FALSE(at::equal(draw(1, 2), draw(1, 3)));
  EXPECT_FALSE(at::equal(draw(1, 2), draw(2, 2)));
}

}  // namespace
}  // namespace sfumato
