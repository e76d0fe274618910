#include "sfumato/diffusion/noise_schedule.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

class EverySchedule : public ::testing::TestWithParam<const char*> {
 protected:
  NoiseSchedule schedule{NoiseScheduleConfig{.betas = GetParam(), .start = 1e-4, .end = 0.02}};
};

TEST_P(EverySchedule, IsMonotoneWithBetasBetweenZeroAndOne) {
  ASSERT_EQ(schedule.steps(), 1000);
  for (std::int64_t t = 0; t < schedule.steps(); ++t) {
    EXPECT_GT(schedule.betas()[t], 0.0) << t;
    EXPECT_LT(schedule.betas()[t], 1.0) << t;
    if (t == 0) continue;
    EXPECT_LT(schedule.alphas_cumprod()[t], schedule.alphas_cumprod()[t - 1]) << t;
    EXPECT_GT(schedule.sigmas()[t], schedule.sigmas()[t - 1]) << t;
  }
}

TEST_P(EverySchedule, TimeAndNoiseLevelAreInverse) {
  for (const double t : {0.0, 0.25, 1.0, 17.5, 500.0, 998.999, 999.0}) {
    EXPECT_NEAR(schedule.t(schedule.sigma(t)), t, 1e-8);
  }
}

TEST_P(EverySchedule, TableEntriesComeBackExactly) {
  for (std::int64_t t = 0; t < schedule.steps(); ++t) {
    EXPECT_EQ(schedule.sigma(static_cast<double>(t)), schedule.sigmas()[t]);
    EXPECT_EQ(schedule.t(schedule.sigmas()[t]), static_cast<double>(t));
    EXPECT_EQ(schedule.nearest_t(schedule.sigmas()[t] * 1.0001), t);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EverySchedule,
                         ::testing::Values("linear_in_sqrt", "linear", "sqrt", "cosine"));

TEST(NoiseSchedule, ClampsOutsideTheTable) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  EXPECT_EQ(schedule.t(0.0), 0.0);
  EXPECT_EQ(schedule.t(1e9), 999.0);
  EXPECT_EQ(schedule.sigma(-3.0), schedule.sigma_min());
  EXPECT_EQ(schedule.sigma(5000.0), schedule.sigma_max());
}

TEST(NoiseSchedule, IsTheOneOfStableDiffusion) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  EXPECT_NEAR(schedule.sigma_min(), 0.0291671582, 1e-6);
  EXPECT_NEAR(schedule.sigma_max(), 14.6146412, 1e-4);
}

TEST(NoiseSchedule, ComesBackFromItsAlphas) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto again = NoiseSchedule::from_alphas_cumprod(schedule.alphas_cumprod());
  for (std::int64_t t = 0; t < 1000; ++t) {
    EXPECT_NEAR(again.betas()[t], schedule.betas()[t], 1e-12);
  }
}

TEST(NoiseSchedule, MayHaveOneStep) {
  const NoiseSchedule schedule{NoiseScheduleConfig{.steps = 1}};
  EXPECT_EQ(schedule.sigma(0.0), schedule.sigma_max());
  EXPECT_EQ(schedule.t(1.0), 0.0);
}

TEST(NoiseSchedule, RefusesNonsense) {
  EXPECT_THROW(NoiseSchedule(NoiseScheduleConfig{.betas = "parabolic"}), Error);
  EXPECT_THROW(NoiseSchedule(NoiseScheduleConfig{.steps = 0}), Error);
  EXPECT_THROW(NoiseSchedule(NoiseScheduleConfig{.steps = std::int64_t{1} << 60}), Error);
  EXPECT_THROW(NoiseSchedule(NoiseScheduleConfig{.end = 1.5}), Error);
  EXPECT_THROW(NoiseSchedule(NoiseScheduleConfig{.start = std::nan("")}), Error);
  EXPECT_THROW(NoiseSchedule(std::vector<double>{}), Error);
}

TEST(ZeroTerminalSnr, KeepsTheStartAndEmptiesTheEnd) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto rescaled = zero_terminal_snr(schedule.alphas_cumprod());
  EXPECT_NEAR(rescaled.front(), schedule.alphas_cumprod().front(), 1e-12);
  EXPECT_EQ(rescaled.back(), 0x1p-24);
  EXPECT_NEAR(NoiseSchedule::from_alphas_cumprod(rescaled).sigma_max(), 4096.0, 1e-3);
}

TEST(ZeroTerminalSnr, IsAPropertyOfASchedule) {
  const NoiseSchedule schedule{NoiseScheduleConfig{.zero_terminal_snr = true}};
  const NoiseSchedule plain{NoiseScheduleConfig{}};
  EXPECT_NEAR(schedule.sigma_min(), plain.sigma_min(), 1e-9);
  EXPECT_NEAR(schedule.sigma_max(), 4518.764, 1e-2);  // as the web UI has it
}

TEST(ZeroTerminalSnr, SuitsSteeperSchedules) {
  for (const double end : {0.0155, 0.0195, 0.0205}) {
    const NoiseSchedule schedule{
        NoiseScheduleConfig{.start = 0.0015, .end = end, .zero_terminal_snr = true}};
    EXPECT_GT(schedule.sigma_max(), 4000.0) << end;
    EXPECT_LT(schedule.sigmas()[998], schedule.sigma_max()) << end;
  }
  const NoiseScheduleConfig linear{
      .betas = "linear", .start = 0.0001, .end = 0.02, .zero_terminal_snr = true};
  EXPECT_GT(NoiseSchedule(linear).sigma_max(), 4000.0);
}

}  // namespace
}  // namespace sfumato
