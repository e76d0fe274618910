#include "sfumato/ops/geglu/geglu.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"

namespace sfumato::ops {
namespace {

TEST(Geglu, MultipliesTheFirstHalfByTheErfGeluOfTheSecond) {
  const auto out = geglu(at::tensor({3.0f, -2.0f, 0.5f, -1.0f}));
  const auto gelu = [](double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); };
  EXPECT_NEAR(out[0].item<float>(), 3.0 * gelu(0.5), 1e-6);
  EXPECT_NEAR(out[1].item<float>(), -2.0 * gelu(-1.0), 1e-6);
}

TEST(Geglu, KeepsTheDtypeAndHasAGradient) {
  const auto in = at::randn({4, 6}).to(at::kBFloat16).requires_grad_();
  const auto out = geglu(in);
  EXPECT_EQ(out.scalar_type(), at::kBFloat16);
  out.sum().backward();
  EXPECT_TRUE(in.grad().defined());
}

at::Tensor exact_geglu(const at::Tensor& in) {
  const auto halves = in.to(at::kDouble).chunk(2, -1);
  return halves[0] * halves[1] * 0.5 * at::erfc(halves[1] * -std::sqrt(0.5));
}

TEST(Geglu, TheKernelAgreesWithThePlainOperators) {
  for (const int64_t width : {2, 6, 34, 640}) {
    const auto in = at::randn({7, width}) * 4.0;
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::allclose(geglu(in).to(at::kDouble), exact_geglu(in), 2e-6, 1e-9)) << width;
    const auto half = in.to(at::kBFloat16);
    const auto found = geglu(half);
    EXPECT_EQ(found.scalar_type(), at::kBFloat16);
    EXPECT_TRUE(at::allclose(found.to(at::kDouble), exact_geglu(half), 1e-2, 1e-6)) << width;
  }
}

TEST(Geglu, NanAndLargeGates) {
  const at::NoGradGuard no_grad;
  const auto out = geglu(at::tensor({1.0f, 1.0f, 1.0f, std::nanf(""), 1e30f, -1e30f}));
  EXPECT_TRUE(std::isnan(out[0].item<float>()));
  EXPECT_EQ(out[1].item<float>(), 1e30f);
  EXPECT_EQ(out[2].item<float>(), 0.0f);
}

TEST(Geglu, RefusesAnOddWidth) { EXPECT_THROW(geglu(at::zeros({1, 3})), Error); }

}  // namespace
}  // namespace sfumato::ops
