#include "sfumato/sampling/sigmas.h"

#include <gtest/gtest.h>

#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/sampling/beta_quantile.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato {

void PrintTo(const SpacingInfo& s, std::ostream* out) { *out << s.name; }

namespace {

const NoiseSchedule& sd_schedule() {
  static const NoiseSchedule table{NoiseScheduleConfig{}};
  return table;
}

class EverySpacing : public ::testing::TestWithParam<SpacingInfo> {};

TEST_P(EverySpacing, FallsStrictlyToZero) {
  for (const int steps : {1, 2, 3, 7, 20, 50, 333}) {
    const auto sigmas = GetParam().sigmas(sd_schedule(), steps);
    if (GetParam().name != "ddim_uniform") {
      EXPECT_EQ(sigmas.size(), steps + 1u);
    }
    const bool ends_above = GetParam().name == "kl_optimal";
    EXPECT_NEAR(sigmas.back(), ends_above ? sd_schedule().sigma_min() : 0.0, 1e-12);
    EXPECT_LE(sigmas.front(), sd_schedule().sigma_max() * (1 + 1e-4));
    for (std::size_t i = 1; i < sigmas.size(); ++i) EXPECT_LT(sigmas[i], sigmas[i - 1]) << i;
  }
}

TEST_P(EverySpacing, RefusesImpossibleStepCounts) {
  for (const int steps : {0, -5, 1'000'000}) {
    EXPECT_THROW(GetParam().sigmas(sd_schedule(), steps), Error) << steps;
  }
}

TEST_P(EverySpacing, WorksOnAShortTable) {
  const NoiseSchedule short_table{NoiseScheduleConfig{.steps = 10}};
  EXPECT_LT(GetParam().sigmas(short_table, 5).back(), 0.05);
}

INSTANTIATE_TEST_SUITE_P(All, EverySpacing,
                         ::testing::ValuesIn(spacings().begin(), spacings().end()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Spacing, StartsAndEndsOnTheTable) {
  for (const auto* name : {"discrete", "karras", "exponential"}) {
    const auto sigmas = find_spacing(name).sigmas(sd_schedule(), 12);
    EXPECT_NEAR(sigmas.front(), sd_schedule().sigma_max(), 1e-9) << name;
    EXPECT_NEAR(sigmas[11], sd_schedule().sigma_min(), 1e-9) << name;
  }
}

TEST(KarrasSigmas, AreEvenlySpacedInTheRoot) {
  const auto sigmas = karras_sigmas(9, 0.03, 14.0, 5.0);
  const double first = std::pow(sigmas[0], 0.2) - std::pow(sigmas[1], 0.2);
  const double last = std::pow(sigmas[7], 0.2) - std::pow(sigmas[8], 0.2);
  EXPECT_NEAR(first, last, 1e-12);
}

TEST(ExponentialSigmas, HaveOneRatio) {
  const auto sigmas = exponential_sigmas(9, 0.03, 14.0);
  EXPECT_NEAR(sigmas[0] / sigmas[1], sigmas[7] / sigmas[8], 1e-12);
}

TEST(DdimTimesteps, CountAsTheOriginal) {
  EXPECT_EQ(ddim_uniform_timesteps(1000, 50).size(), 50u);
  EXPECT_EQ(ddim_uniform_timesteps(1000, 30).size(), 31u);
  EXPECT_EQ(ddim_uniform_timesteps(1000, 50).front(), 981.0);
  EXPECT_EQ(ddim_uniform_timesteps(1000, 50).back(), 1.0);
}

TEST(Timesteps, SpacingsOfLinEtAl) {
  EXPECT_EQ(leading_timesteps(1000, 5), (std::vector<double>{800, 600, 400, 200, 0}));
  EXPECT_EQ(leading_timesteps(1000, 5, 1).front(), 801.0);
  EXPECT_EQ(trailing_timesteps(1000, 5), (std::vector<double>{999, 799, 599, 399, 199}));
  EXPECT_EQ(linspace_timesteps(1000, 4), (std::vector<double>{999, 666, 333, 0}));
}

TEST(StepsForStrength, TakesTheShare) {
  EXPECT_EQ(steps_for_strength(50, 0.75), 37);
  EXPECT_THROW(steps_for_strength(50, 1.5), Error);
}

TEST(DiscardPenultimate, KeepsTheEnds) {
  EXPECT_EQ(discard_penultimate({4, 3, 2, 0}), (std::vector<double>{4, 3, 0}));
}

TEST(BetaQuantile, AgreesWithClosedForms) {
  for (const double p : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    EXPECT_NEAR(beta_quantile(p, 1.0, 1.0), p, 1e-12);
    EXPECT_NEAR(beta_quantile(p, 2.0, 1.0), std::sqrt(p), 1e-12);
    EXPECT_NEAR(beta_quantile(p, 0.5, 0.5), std::pow(std::sin(p * M_PI / 2), 2), 1e-12);
  }
  EXPECT_THROW(beta_quantile(1.5, 1.0, 1.0), Error);
  EXPECT_THROW(beta_quantile(0.5, 0.0, 1.0), Error);
}

TEST(ConsistencyTimesteps, AreThoseOfTheDistillation) {
  EXPECT_EQ(consistency_timesteps(1000, 50, 4), (std::vector<double>{999, 759, 499, 259}));
  EXPECT_EQ(consistency_timesteps(1000, 50, 2, 0.6), (std::vector<double>{599, 299}));
  EXPECT_THROW(consistency_timesteps(1000, 50, 51), Error);
}

TEST(FindSpacing, NamesTheAlternatives) {
  try {
    find_spacing("karas");
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("karras"), std::string::npos);
  }
  EXPECT_EQ(find_spacing("normal").name, "discrete");
}

}  // namespace
}  // namespace sfumato
