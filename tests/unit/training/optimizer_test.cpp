#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/training/adamw.h"
#include "sfumato/training/ema.h"
#include "sfumato/training/lr_schedule.h"
#include "sfumato/training/sgd.h"

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
  EXPECT_NEAR(optimizer.state().at("exp_avg.w").item<double>(), m, 1e-12);
}

void step_with_gradient(Optimizer& optimizer, at::Tensor w, double gradient, double rate) {
  w.mutable_grad() = at::full_like(w, gradient);
  optimizer.step(rate);
}

TEST(AdamW, WithoutDecouplingPutsTheDecayIntoTheGradient) {
  const at::Tensor w = parameter(2.0);
  AdamW optimizer({{"w", w}}, {.weight_decay = 0.25, .decoupled_decay = false});
  step_with_gradient(optimizer, w, 1.0, 0.1);
  EXPECT_NEAR(optimizer.state().at("exp_avg.w").item<double>(), 0.1 * 1.5, 1e-12);
  EXPECT_NEAR(w.item<double>(), 1.9, 1e-6) << "the first step is as long as the learning rate";
}

TEST(AdamW, AmsgradRemembersTheLargestSecondMoment) {
  const at::Tensor w = parameter(0.0);
  const AdamWConfig config{.beta1 = 0.0, .beta2 = 0.5, .weight_decay = 0.0, .amsgrad = true};
  AdamW optimizer({{"w", w}}, config);
  step_with_gradient(optimizer, w, 4.0, 0.1);  // second moment 8
  const double before = w.item<double>();
  step_with_gradient(optimizer, w, 1.0, 0.1);  // 4.5: the 8 stays
  EXPECT_NEAR(optimizer.state().at("exp_avg_sq.w").item<double>(), 4.5, 1e-12);
  EXPECT_NEAR(optimizer.state().at("max_exp_avg_sq.w").item<double>(), 8.0, 1e-12);
  EXPECT_NEAR(w.item<double>() - before, -0.1 / std::sqrt(8.0 / 0.75), 1e-8);
}

TEST(Sgd, FollowsTheFormulaByHand) {
  for (const bool nesterov : {false, true}) {
    const at::Tensor w = parameter(1.0);
    Sgd optimizer({{"w", w}}, {.momentum = 0.5, .weight_decay = 0.1, .nesterov = nesterov});
    double value = 1.0, velocity = 0.0;
    for (const double gradient : {1.0, -2.0, 3.0}) {
      const double decayed = gradient + 0.1 * value;
      velocity = 0.5 * velocity + decayed;
      value -= 0.2 * (nesterov ? decayed + 0.5 * velocity : velocity);
      step_with_gradient(optimizer, w, gradient, 0.2);
      EXPECT_NEAR(w.item<double>(), value, 1e-12) << nesterov;
    }
    EXPECT_NEAR(optimizer.state().at("momentum_buffer.w").item<double>(), velocity, 1e-12);
  }
}

TEST(Sgd, DampensAllGradientsButTheFirstAndNeedsNoStateWithoutMomentum) {
  const at::Tensor w = parameter(0.0);
  Sgd damped({{"w", w}}, {.momentum = 0.5, .dampening = 0.75});
  step_with_gradient(damped, w, 1.0, 1.0);
  EXPECT_NEAR(w.item<double>(), -1.0, 1e-12);
  step_with_gradient(damped, w, 1.0, 1.0);
  EXPECT_NEAR(w.item<double>(), -1.75, 1e-12);  // 0.5 * 1 + 0.25 * 1
  EXPECT_TRUE(Sgd({{"w", w}}, {}).state().empty());
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
  Ema ema({{"w", w}}, {.decay = 0.5});
  double average = 0.0;
  for (int n = 1; n <= 20; ++n) {
    w.detach().fill_(n);
    const double decay = std::min(0.5, (1.0 + n) / (10.0 + n));
    average = decay * average + (1 - decay) * n;
    ema.update();
    EXPECT_NEAR(ema.average().at("w").item<double>(), average, 1e-12);
  }
}

TEST(EmaDecay, BeginsWhereItIsToldAndStaysWithinItsBounds) {
  const EmaDecay diffusers{.decay = 0.9, .update_after_step = 5};
  EXPECT_EQ(diffusers.at(6), 0.0) << "the average follows the weights";
  EXPECT_DOUBLE_EQ(diffusers.at(7), 2.0 / 11.0);
  EXPECT_EQ(diffusers.at(1000), 0.9);
  const EmaDecay warmed{
      .decay = 0.99, .min_decay = 0.3, .use_ema_warmup = true, .inv_gamma = 2.0, .power = 0.5};
  EXPECT_EQ(warmed.at(1), 0.3);
  EXPECT_DOUBLE_EQ(warmed.at(6), 0.5);  // 1 - 1 / sqrt(1 + 6 / 2)
}

TEST(Ema, LendsItsWeightsToTheModelAndTakesThemBack) {
  const at::Tensor w = parameter(1.0);
  Ema ema({{"w", w}}, {.decay = 0.5, .min_decay = 0.5});
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

TEST(LrSchedule, FallsToTheEndOfTheRunAndStaysThere) {
  const LrSchedule linear{.kind = "linear", .warm_up = 10, .steps = 110};
  EXPECT_DOUBLE_EQ(linear.at(5), 0.5);
  EXPECT_NEAR(linear.at(85), 0.25, 1e-12);
  EXPECT_EQ(linear.at(200), 0.0);
  const LrSchedule polynomial{
      .kind = "polynomial", .steps = 100, .power = 2.0, .min_lr_ratio = 0.2};
  EXPECT_NEAR(polynomial.at(50), 0.8 * 0.25 + 0.2, 1e-12);
  EXPECT_DOUBLE_EQ(polynomial.at(500), 0.2);
  const LrSchedule restarts{.kind = "cosine_with_restarts", .steps = 100, .num_cycles = 2.0};
  EXPECT_NEAR(restarts.at(25), 0.5, 1e-12);
  EXPECT_LT(restarts.at(49), 0.01);
  EXPECT_EQ(restarts.at(50), 1.0);
  EXPECT_EQ(restarts.at(100), 0.0);
}

TEST(LrSchedule, GoesInStepsByRules) {
  const LrSchedule steps{.kind = "piecewise_constant",
                         .step_rules = parse_step_rules("0.1:20, 1:10, 0.01")};
  EXPECT_EQ(steps.at(9), 1.0);
  EXPECT_EQ(steps.at(10), 0.1);
  EXPECT_EQ(steps.at(20), 0.01);
  for (const char* wrong : {"", "1:10", "1,0.1", "x:10,1", "1:ten,1", "1:10,0.1,"}) {
    EXPECT_THROW(parse_step_rules(wrong), Error) << wrong;
  }
}

TEST(LrSchedule, RunsThroughTheCyclesOfLdm) {
  const std::vector<LrCycle> cycles{
      {.warm_up = 4, .length = 10, .f_start = 0.2, .f_max = 1.0, .f_min = 0.5},
      {.length = 20, .f_max = 0.4}};
  const LrSchedule cosine{.kind = "ldm_cosine", .cycles = cycles};
  EXPECT_DOUBLE_EQ(cosine.at(0), 0.2);
  EXPECT_DOUBLE_EQ(cosine.at(2), 0.6);
  EXPECT_DOUBLE_EQ(cosine.at(7), 0.75);
  EXPECT_DOUBLE_EQ(cosine.at(10), 0.5);
  EXPECT_NEAR(cosine.at(20), 0.2, 1e-12);
  EXPECT_NEAR(cosine.at(90), 0.0, 1e-12);
  const LrSchedule linear{.kind = "ldm_linear", .cycles = cycles};
  EXPECT_DOUBLE_EQ(linear.at(4), 0.8) << "falls over the whole cycle, warm-up included";
  EXPECT_DOUBLE_EQ(linear.at(25), 0.1);
  EXPECT_EQ(linear.at(90), 0.0);
}

}  // namespace
}  // namespace sfumato
