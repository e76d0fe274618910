#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/training/adamw.h"
#include "sfumato/training/ema.h"
#include "sfumato/training/lr_schedule.h"

namespace sfumato {
namespace {

at::Tensor parameter(double value) {
  return at::full({1, 1}, value, at::kDouble).set_requires_grad(true);
}

TEST(AdamW, FollowsTheFormulaByHand) {
  const at::Tensor w = parameter(1.0);
  AdamW optimizer({{"w", w}}, {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.1});
  double value = 1.0, m = 0.0, v = 0.0;
  for (int step = 1; step <= 3; ++step) {
    optimizer.zero_grad();
    (w * w * w).sum().backward();
    const double gradient = 3 * value * value;
    m = 0.9 * m + 0.1 * gradient;
    v = 0.99 * v + 0.01 * gradient * gradient;
    const double corrected_m = m / (1 - std::pow(0.9, step));
    const double corrected_v = v / (1 - std::pow(0.99, step));
    value *= 1 - 0.05 * 0.1;
    value -= 0.05 * corrected_m / (std::sqrt(corrected_v) + 1e-8);

    optimizer.step(0.05);
    EXPECT_NEAR(w.item<double>(), value, 1e-12) << "step " << step;
  }
  EXPECT_NEAR(optimizer.moments().at("exp_avg.w").item<double>(), m, 1e-12);
}

TEST(AdamW, LeavesParametersWithoutGradientAlone) {
  const at::Tensor used = parameter(1.0), unused = parameter(2.0);
  AdamW optimizer({{"used", used}, {"unused", unused}}, {.weight_decay = 0.5});
  used.sum().backward();
  optimizer.step(0.1);
  EXPECT_NE(used.item<double>(), 1.0);
  EXPECT_EQ(unused.item<double>(), 2.0);
}

TEST(AdamW, SparesVectorsWhenAskedTo) {
  const at::Tensor matrix = parameter(1.0);
  const at::Tensor vector = at::ones({1}, at::kDouble).set_requires_grad(true);
  AdamW optimizer({{"matrix", matrix}, {"vector", vector}},
                  {.weight_decay = 0.5, .decay_matrices_only = true});
  (0.0 * matrix.sum() + 0.0 * vector.sum()).backward();  // gradients of zero: only decay acts
  optimizer.step(0.1);
  EXPECT_NEAR(matrix.item<double>(), 0.95, 1e-12);
  EXPECT_EQ(vector.item<double>(), 1.0);
}

TEST(AdamW, RefusesTheStateOfAnotherModel) {
  AdamW optimizer({{"w", parameter(1.0)}}, {});
  EXPECT_THROW(optimizer.restore({{"exp_avg.w", at::zeros({2})}}, 1), Error);
  EXPECT_THROW(optimizer.restore({}, 1), Error);
}

TEST(ClipGradients, ScalesAllTogetherAndReturnsTheNormBefore) {
  at::Tensor a = parameter(0.0), b = parameter(0.0);
  a.mutable_grad() = at::full({1, 1}, 3.0, at::kDouble);
  b.mutable_grad() = at::full({1, 1}, 4.0, at::kDouble);
  EXPECT_NEAR(clip_gradients({{"a", a}, {"b", b}}, 1.0).item<double>(), 5.0, 1e-12);
  EXPECT_NEAR(a.grad().item<double>(), 0.6, 1e-6);
  EXPECT_NEAR(b.grad().item<double>(), 0.8, 1e-6);
  EXPECT_NEAR(clip_gradients({{"a", a}, {"b", b}}, 2.0).item<double>(), 1.0, 1e-6);
  EXPECT_NEAR(a.grad().item<double>(), 0.6, 1e-6) << "a smaller norm is left alone";
}

TEST(Ema, AveragesWithWarmUp) {
  const at::Tensor w = parameter(0.0);
  Ema ema({{"w", w}}, 0.5);
  double average = 0.0;
  for (int n = 1; n <= 20; ++n) {
    w.detach().fill_(n);
    const double decay = std::min(0.5, (1.0 + n) / (10.0 + n));
    average = decay * average + (1 - decay) * n;
    ema.update();
    EXPECT_NEAR(ema.average().at("w").item<double>(), average, 1e-12);
  }
}

TEST(Ema, LendsItsWeightsToTheModelAndTakesThemBack) {
  const at::Tensor w = parameter(1.0);
  Ema ema({{"w", w}}, 0.5, /*warm_up=*/false);
  w.detach().fill_(3.0);
  ema.update();
  {
    const WithAveragedWeights averaged(ema);
    EXPECT_EQ(w.item<double>(), 2.0);
  }
  EXPECT_EQ(w.item<double>(), 3.0);
  EXPECT_EQ(ema.average().at("w").item<double>(), 2.0);
}

TEST(LrSchedule, WarmsUpAndThenFollowsHalfACosine) {
  const LrSchedule cosine{.kind = "cosine", .warm_up = 10, .steps = 110};
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.0);
  EXPECT_DOUBLE_EQ(cosine.at(5), 0.5);
  EXPECT_DOUBLE_EQ(cosine.at(10), 1.0);
  EXPECT_NEAR(cosine.at(60), 0.5, 1e-12);
  EXPECT_NEAR(cosine.at(110), 0.0, 1e-12);
  for (int step = 10; step < 110; ++step) EXPECT_GT(cosine.at(step), cosine.at(step + 1));

  const LrSchedule constant{.kind = "constant", .warm_up = 2, .steps = 10};
  EXPECT_DOUBLE_EQ(constant.at(1), 0.5);
  EXPECT_DOUBLE_EQ(constant.at(9), 1.0);
}

}  // namespace
}  // namespace sfumato
