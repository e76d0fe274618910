#include "sfumato/ops/attention/attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sfumato::ops {
namespace {

// One query, two keys: the weights can be computed by hand.
TEST(Attention, WeighsValuesBySoftmaxOfScaledScores) {
  const auto q = at::tensor({1.0f, 0.0f}).view({1, 1, 1, 2});
  const auto k = at::tensor({2.0f, 5.0f, 0.0f, 7.0f}).view({1, 1, 2, 2});
  const auto v = at::tensor({1.0f, 10.0f}).view({1, 1, 2, 1});

  const double first = 1.0 / (1.0 + std::exp(-2.0 / std::sqrt(2.0)));
  EXPECT_NEAR(attention(q, k, v).item<float>(), first * 1 + (1 - first) * 10, 1e-5);
}

TEST(Attention, CausalTokensIgnoreTheFuture) {
  const auto q = at::randn({1, 2, 5, 4}), k = at::randn({1, 2, 5, 4}), v = at::randn({1, 2, 5, 4});
  auto changed_k = k.clone(), changed_v = v.clone();
  changed_k.slice(2, 3).fill_(9.0);
  changed_v.slice(2, 3).fill_(-9.0);

  const auto before = attention(q, k, v, {.causal = true});
  const auto after = attention(q, changed_k, changed_v, {.causal = true});

  EXPECT_TRUE(at::equal(before.slice(2, 0, 3), after.slice(2, 0, 3)));
  EXPECT_FALSE(at::allclose(before.slice(2, 3), after.slice(2, 3)));
}

TEST(Attention, HeadsSeeOnlyTheirSliceOfTheWidth) {
  const auto q = at::randn({2, 3, 8}), k = at::randn({2, 5, 8}), v = at::randn({2, 5, 8});
  const auto whole = multi_head_attention(q, k, v, 2);
  const auto second = multi_head_attention(q.slice(2, 4), k.slice(2, 4), v.slice(2, 4), 1);
  EXPECT_EQ(whole.sizes(), at::IntArrayRef({2, 3, 8}));
  EXPECT_TRUE(at::allclose(whole.slice(2, 4), second, 1e-5, 1e-6));
}

// So many scores that they are computed part by part: the same as for few queries alone.
TEST(Attention, LongSequencesAreComputedInParts) {
  const at::NoGradGuard no_grad;
  const auto q = at::randn({1, 1, 9000, 4}), k = at::randn({1, 1, 9000, 4});
  const auto v = at::randn({1, 1, 9000, 4});
  const auto long_result = attention(q, k, v);
  for (const int64_t at : {0, 4500, 7450, 8992}) {
    EXPECT_TRUE(
        at::allclose(long_result.narrow(2, at, 8), attention(q.narrow(2, at, 8), k, v), 1e-4, 1e-5))
        << at;
  }
}

TEST(Attention, SamplesDoNotDependOnTheirNeighbours) {
  const at::NoGradGuard no_grad;
  const auto q = at::randn({3, 2, 4000, 8}), k = at::randn({3, 2, 4000, 8});
  const auto together = attention(q, k, k);
  EXPECT_TRUE(at::equal(together.narrow(0, 1, 1),
                        attention(q.narrow(0, 1, 1), k.narrow(0, 1, 1), k.narrow(0, 1, 1))));
}

}  // namespace
}  // namespace sfumato::ops
