#include "sfumato/ops/attention/attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "sfumato/ops/attention/flash.h"

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

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor exact = expected.to(at::kDouble);
  return ((found.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

// There is no kernel for float64.
at::Tensor exactly(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return attention(q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble));
}

struct AttentionShape {
  int64_t heads, queries, keys, width;
};
constexpr std::array<AttentionShape, 9> kAttentionShapes{{{2, 1, 1, 1},
                                                          {1, 5, 3, 3},
                                                          {3, 47, 129, 8},
                                                          {2, 97, 77, 40},
                                                          {2, 256, 256, 64},
                                                          {1, 100, 1000, 80},
                                                          {1, 64, 64, 160},
                                                          {1, 130, 131, 512},
                                                          {2, 3, 500, 33}}};

// Tokens as a projection leaves them: [B, T, H*D] seen as [B, H, T, D].
at::Tensor some_tokens(int64_t heads, int64_t tokens, int64_t width) {
  return at::randn({2, tokens, heads, width}).transpose(1, 2);
}

TEST(FlashAttention, AgreesWithThePlainOperators) {
  const at::NoGradGuard no_grad;
  for (const auto& [heads, queries, keys, width] : kAttentionShapes) {
    const auto q = some_tokens(heads, queries, width) * 2.0;
    const auto k = some_tokens(heads, keys, width), v = some_tokens(heads, keys, width);
    EXPECT_LT(relative_error(attention(q, k, v), exactly(q, k, v)), 3e-6) << queries << "x" << keys;
    const auto half = [](const at::Tensor& x) { return x.to(at::kBFloat16); };
    const auto found = attention(half(q), half(k), half(v));
    EXPECT_EQ(found.scalar_type(), at::kBFloat16);
    EXPECT_LT(relative_error(found, exactly(half(q), half(k), half(v))), 5e-3)
        << queries << "x" << keys;
  }
}

TEST(FlashAttention, TakesTokensOfAnyMemoryOrder) {
  const at::NoGradGuard no_grad;
  const auto map = at::randn({2, 24, 6, 8});  // [B, C, H, W] as the autoencoder has it
  const auto tokens = map.flatten(2).transpose(1, 2);
  EXPECT_TRUE(at::equal(multi_head_attention(tokens, tokens, tokens, 3),
                        multi_head_attention(tokens.contiguous(), tokens, tokens.contiguous(), 3)));
  const auto one = at::randn({1, 3, 48, 8});  // for all of a batch
  const auto q = at::randn({2, 3, 5, 8});
  EXPECT_TRUE(at::allclose(attention(q, one, one),
                           attention(q, one.expand({2, -1, -1, -1}), one.expand({2, -1, -1, -1})),
                           1e-4, 1e-5));
}

TEST(FlashAttention, HasAPathForEveryCpu) {
  const at::NoGradGuard no_grad;
  const auto q = at::randn({1, 2, 50, 40}).to(at::kBFloat16);
  const auto out = at::empty_like(q);
  const auto tokens = [](const at::Tensor& x) {
    return flash::Tokens<void*>{x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
  };
  const auto read_only = [&](const at::Tensor& x) {
    return flash::Tokens<const void*>{x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)};
  };
  const flash::Problem problem{
      1, 2, 50, 50, 40, true, 0.2f, read_only(q), read_only(q), read_only(q), tokens(out)};
  const flash::Kernel& kernel = flash::float32_kernel();
  const auto packed = at::empty({2 * kernel.packed_bytes(problem)}, at::kByte);
  kernel.pack(problem, packed.data_ptr(), 0, 2);
  kernel.attend(problem, packed.data_ptr(), 0, 2 * problem.query_blocks());
  EXPECT_LT(relative_error(out, attention(q, q, q, {.scale = 0.2, .reference = true})), 1e-2);
}

TEST(FlashAttention, ScoresBeyondTheRangeOfExp) {
  const at::NoGradGuard no_grad;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const auto q = (at::randn({1, 1, 50, 16}) * 100.0).to(dtype);
    const auto k = (at::randn({1, 1, 300, 16}) * 100.0).to(dtype), v = at::randn_like(k);
    EXPECT_LT(relative_error(attention(q, k, v), exactly(q, k, v)), 5e-3);
  }
}

TEST(FlashAttention, NanStaysVisible) {
  const at::NoGradGuard no_grad;
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    for (int bad = 0; bad < 3; ++bad) {
      std::array<at::Tensor, 3> qkv;
      for (auto& x : qkv) x = at::randn({1, 1, 200, 8}).to(dtype);
      qkv[bad][0][0][150][3] = std::nan("");
      const auto out = attention(qkv[0], qkv[1], qkv[2]);
      EXPECT_TRUE(at::isnan(out[0][0][150]).any().item<bool>()) << dtype << bad;
    }
  }
}

}  // namespace
}  // namespace sfumato::ops
