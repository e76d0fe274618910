#include "sfumato/tensor/parallel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sfumato {
namespace {

class ParallelFor : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(2); }
  void TearDown() override { at::set_num_threads(threads_); }

 private:
  int threads_ = at::get_num_threads();
};

TEST_F(ParallelFor, VisitsEveryIndexOnce) {
  std::vector<std::atomic<int>> visits(101);
  parallel_for(1, 101, 3, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) ++visits[static_cast<std::size_t>(i)];
  });
  EXPECT_EQ(visits[0], 0);
  for (std::size_t i = 1; i < visits.size(); ++i) EXPECT_EQ(visits[i], 1) << i;
}

TEST_F(ParallelFor, UsesThreadsAndLeavesEachOfThemOneOfItsOwn) {
  std::vector<std::thread::id> ids(2);
  std::vector<int> inner(2);
  parallel_for(0, 2, 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) {
      ids[static_cast<std::size_t>(i)] = std::this_thread::get_id();
      inner[static_cast<std::size_t>(i)] = at::get_num_threads();
    }
  });
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(inner, (std::vector<int>{1, 1}));
  EXPECT_EQ(at::get_num_threads(), 2);
}

TEST_F(ParallelFor, RethrowsWhatABodyThrows) {
  const auto fails = [](std::int64_t, std::int64_t) { throw std::runtime_error("no"); };
  EXPECT_THROW(parallel_for(0, 2, 1, fails), std::runtime_error);
}

TEST_F(ParallelFor, DoesNothingForAnEmptyRange) {
  parallel_for(5, 5, 1, [](std::int64_t, std::int64_t) { FAIL(); });
}

// Convolutions of these shapes never came back while each thread planned for two.
TEST_F(ParallelFor, BackwardPassesOfConvolutionsRunSideBySide) {
  std::vector<at::Tensor> gradients(2);
  parallel_for(0, 2, 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) {
      const at::AutoGradMode with_graph(true);
      const at::Tensor x = at::ones({16, 64, 16, 16}, at::kBFloat16);
      at::Tensor weight = at::ones({64, 64, 3, 3}, at::kBFloat16).requires_grad_();
      at::conv2d(x, weight, {}, 1, 1).sum().backward();
      gradients[static_cast<std::size_t>(i)] = weight.grad();
    }
  });
  EXPECT_TRUE(at::equal(gradients[0], gradients[1]));
}

}  // namespace
}  // namespace sfumato
