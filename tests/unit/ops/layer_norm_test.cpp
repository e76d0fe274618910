#include "sfumato/ops/layer_norm/layer_norm.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace sfumato::ops {
namespace {

TEST(LayerNorm, TheKernelAgreesWithThePlainOperator) {
  for (const int64_t width : {1, 3, 16, 77, 320, 1280}) {
    // Far from zero, but not where three values may lie so close that float32 has lost them.
    const double mean = width > 3 ? 100.0 : 1.0;
    const auto x = at::randn({2, 5, width}) * 3.0 + mean;
    const auto weight = at::randn({width}), bias = at::randn({width});
    const auto exact = at::layer_norm(x.to(at::kDouble), {width}, weight.to(at::kDouble),
                                      bias.to(at::kDouble), 1e-5);
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::allclose(layer_norm(x, weight, bias, 1e-5).to(at::kDouble), exact, 1e-4, 1e-4))
        << width;
    const auto half = (x - mean).to(at::kBFloat16);
    const auto rounded = at::layer_norm(half.to(at::kFloat), {width}, weight, bias, 1e-5);
    const auto found = layer_norm(half, weight, bias, 1e-5);
    EXPECT_EQ(found.scalar_type(), at::kBFloat16);
    EXPECT_TRUE(at::allclose(found.to(at::kFloat), rounded, 1e-2, 1e-2)) << width;
  }
}

TEST(LayerNorm, HasAGradient) {
  const auto x = at::randn({4, 6}).requires_grad_();
  layer_norm(x, at::ones({6}), at::zeros({6}), 1e-5).square().sum().backward();
  EXPECT_TRUE(x.grad().defined());
}

}  // namespace
}  // namespace sfumato::ops
