#include "sfumato/diffusion/prompt_guidance.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/guidance.h"

namespace sfumato {
namespace {

// A conditioning of `length` tokens that all hold `value`.
Conditioning tokens(double value, std::int64_t length = 2) {
  Conditioning cond;
  cond.context = at::full({1, length, 1}, value, at::kDouble);
  return cond;
}

ScheduledConditioning constant(double value, std::int64_t length = 2) {
  return {{{100, tokens(value, length)}}};
}

PromptConditioning single(double value) { return {{{constant(value), 1.0}}}; }

// A network that answers every picture with x + the last token it is told.
at::Tensor last_token(const at::Tensor& x, double, const Conditioning& cond) {
  return x + cond.context->select(1, cond.context->size(1) - 1).view({-1, 1, 1, 1});
}

at::Tensor pictures(std::int64_t count) {
  return at::arange(count, at::kDouble).view({-1, 1, 1, 1});
}

TEST(ScheduledConditioning, HoldsEachEntryUpToItsLastStep) {
  const ScheduledConditioning schedule{{{2, tokens(1)}, {5, tokens(2)}}};
  const auto value = [&](int step) { return schedule.at(step).context->max().item<double>(); };
  EXPECT_EQ(value(0), 1);
  EXPECT_EQ(value(2), 1);
  EXPECT_EQ(value(3), 2);
  EXPECT_EQ(value(5), 2);
  EXPECT_EQ(value(6), 1);  // after the end the first one again
  EXPECT_THROW(ScheduledConditioning{}.at(0), Error);
}

TEST(PromptGuidance, OnePromptIsClassifierFreeGuidance) {
  const auto denoise =
      guided_by_prompts(last_token, {single(3), single(4)}, {constant(1), constant(1)}, 7.0);
  const auto plain = classifier_free(
      last_token, {.context = at::tensor({3.0, 4.0}).view({2, 1, 1}), .vector = {}, .concat = {}},
      {.context = at::ones({2, 1, 1}, at::kDouble), .vector = {}, .concat = {}}, 7.0);
  EXPECT_TRUE(at::allclose(denoise(pictures(2), 1.0), plain(pictures(2), 1.0)));
}

TEST(PromptGuidance, DynamicThresholdingKeepsTheSpreadOfAWeakerScale) {
  const at::Tensor x = at::randn({1, 4, 8, 8}, at::kDouble);
  const ConditionalDenoiser steeper = [](const at::Tensor& at, double, const Conditioning& cond) {
    return at * cond.context->select(1, 0).view({-1, 1, 1, 1});
  };
  const auto guided_at = [&](double scale, std::optional<double> mimic) {
    return split_guided_by_prompts(steeper, {single(3)}, {constant(1)},
                                   {.scale = scale, .mimic_scale = mimic})
        .guided(x, 1.0);
  };
  const auto spread = [](const at::Tensor& answer) {
    return (answer - answer.mean({2, 3}, true)).abs().amax({2, 3});
  };
  const at::Tensor weak = guided_at(7.0, {}), kept = guided_at(30.0, 7.0);
  EXPECT_TRUE(at::allclose(spread(kept), spread(weak)));
  EXPECT_GT((spread(guided_at(30.0, {})) / spread(weak)).min().item<double>(), 3.0);
  EXPECT_TRUE(at::allclose(guided_at(7.0, 7.0), weak));
}

TEST(PromptGuidance, PromptsOfEveryLengthAndWeightAdd) {
  PromptConditioning composed;
  composed.parts.push_back({constant(3, 2), 0.5});
  composed.parts.push_back({constant(5, 4), -1.0});
  const auto denoise =
      guided_by_prompts(last_token, {composed, single(2)}, {constant(1, 6), constant(1, 2)}, 2.0);
  const at::Tensor guided = denoise(pictures(2), 1.0).flatten();
  EXPECT_DOUBLE_EQ(guided[0].item<double>(), 1 + 2 * (0.5 * 2 - 1.0 * 4));
  EXPECT_DOUBLE_EQ(guided[1].item<double>(), 1 + (1 + 2 * 1));
}

TEST(PromptGuidance, WhatHasOneLengthGoesTogetherAndScaleOneAsksOnce) {
  std::vector<std::int64_t> batches;
  const ConditionalDenoiser counting = [&](const at::Tensor& x, double sigma,
                                           const Conditioning& cond) {
    batches.push_back(x.size(0));
    return last_token(x, sigma, cond);
  };
  guided_by_prompts(counting, {single(3)}, {constant(1)}, 2.0)(pictures(1), 1.0);
  guided_by_prompts(counting, {single(3)}, {constant(1, 9)}, 2.0)(pictures(1), 1.0);
  guided_by_prompts(counting, {single(3)}, {constant(1, 9)}, 1.0)(pictures(1), 1.0);
  EXPECT_EQ(batches, (std::vector<std::int64_t>{2, 1, 1, 1}));
}

TEST(PromptGuidance, CountsItsCalls) {
  PromptConditioning edited;
  edited.parts.push_back({{{{1, tokens(3)}, {4, tokens(5)}}}, 1.0});
  const auto denoise = guided_by_prompts(last_token, {edited}, {}, 1.0);
  std::vector<double> values;
  for (int i = 0; i < 4; ++i) values.push_back(denoise(pictures(1), 1.0).item<double>());
  EXPECT_EQ(values, (std::vector<double>{3, 3, 5, 5}));
}

TEST(PromptGuidance, OneThatFollowsAnotherCountsOn) {
  PromptConditioning edited;
  edited.parts.push_back({{{{1, tokens(3)}, {4, tokens(5)}}}, 1.0});
  const PromptGuidance guidance{.scale = 1.0};
  const auto first = split_guided_by_prompts(last_token, {edited}, {}, guidance).guided;
  const auto second = split_guided_by_prompts(last_token, {edited}, {}, guidance).guided;
  const auto apart = guided_by_prompts(last_token, {edited}, {}, 1.0);
  first(pictures(1), 1.0);
  first(pictures(1), 1.0);
  EXPECT_EQ(second(pictures(1), 1.0).item<double>(), 5);
  EXPECT_EQ(apart(pictures(1), 1.0).item<double>(), 3);
}

// Brooks et al. 2023, eq. 3, with a network that answers x + token + picture.
TEST(PromptGuidance, TextAndPictureLeadEachWithItsOwnScale) {
  int asked = 0;
  const ConditionalDenoiser sees_picture = [&](const at::Tensor& x, double sigma,
                                               const Conditioning& cond) {
    asked = static_cast<int>(x.size(0));
    return last_token(x, sigma, cond) + *cond.concat;
  };
  const auto with_picture = [](double token, double picture) {
    ScheduledConditioning schedule = constant(token);
    schedule.entries[0].conditioning.concat = at::full({1, 1, 1, 1}, picture, at::kDouble);
    return schedule;
  };
  const auto guided = [&](double scale, double image_scale) {
    const auto split = split_guided_by_prompts(
        sees_picture, {{{{with_picture(3, 10), 1.0}}}, {{{with_picture(4, 20), 1.0}}}},
        {with_picture(1, 10), with_picture(1, 20)}, {.scale = scale, .image_scale = image_scale});
    return split.guided(pictures(2), 1.0).flatten();
  };
  const at::Tensor both = guided(7.0, 1.5);
  EXPECT_EQ(asked, 6);
  EXPECT_DOUBLE_EQ(both[0].item<double>(), 1 + 7 * 2 + 1.5 * 10);
  EXPECT_DOUBLE_EQ(both[1].item<double>(), 1 + 1 + 7 * 3 + 1.5 * 20);
  EXPECT_DOUBLE_EQ(guided(1.0, 2.0)[0].item<double>(), 1 + 2 + 2 * 10);
  EXPECT_DOUBLE_EQ(guided(7.0, 1.0)[0].item<double>(), 1 + 7 * 2 + 10);
  EXPECT_EQ(asked, 4);  // that scale is plain guidance
}

TEST(PromptGuidance, BatchesMustFit) {
  EXPECT_THROW(guided_by_prompts(last_token, {single(1)}, {}, 1.0)(pictures(2), 1.0), Error);
  EXPECT_THROW(guided_by_prompts(last_token, {single(1)}, {}, 2.0), Error);
  EXPECT_THROW(
      guided_by_prompts(last_token, {single(1), single(1)}, {constant(1)}, 2.0)(pictures(2), 1.0),
      Error);
}

}  // namespace
}  // namespace sfumato
