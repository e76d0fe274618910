#include "sfumato/sampling/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tensor/random/noise.h"

namespace sfumato {

// Lets gtest name a failing case instead of dumping the struct's bytes.
void PrintTo(const SamplerInfo& s, std::ostream* out) { *out << s.name; }

namespace {

// If the data are N(0, s²), the ideal denoiser and the ODE's solution are known exactly:
//   D(x; σ) = x s² / (s² + σ²),   x(σ) = x(σ₀) sqrt((s² + σ²) / (s² + σ₀²)).
// So every solver can be checked without weights, and its *order* measured.
constexpr double kS = 0.7;

at::Tensor gaussian_denoiser(const at::Tensor& x, double sigma) {
  return x * (kS * kS / (kS * kS + sigma * sigma));
}

std::vector<double> geometric(int steps, double from, double to) {
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) sigmas.push_back(from * std::pow(to / from, double(i) / steps));
  return sigmas;
}

const NoiseSchedule& schedule() {
  static const NoiseSchedule table{NoiseScheduleConfig{}};
  return table;
}

SamplerEnv noisy(at::IntArrayRef shape) {
  SamplerEnv env;
  env.schedule = &schedule();
  env.noise = [source = torch_cpu_noise(7), shape = shape.vec()](double, double) {
    return source(shape).to(at::kDouble);
  };
  return env;
}

double error_after(const SamplerInfo& s, int steps) {
  const auto sigmas = geometric(steps, 10.0, 0.1);
  SamplerEnv env;
  env.schedule = &schedule();
  const auto x = s.run(gaussian_denoiser, at::ones({1, 1, 1, 1}, at::kDouble), sigmas, env);
  const double exact = std::sqrt((kS * kS + 0.01) / (kS * kS + 100.0));
  return std::abs(x.item<double>() - exact);
}

class EverySampler : public ::testing::TestWithParam<SamplerInfo> {};

TEST_P(EverySampler, ConvergesAtItsAdvertisedOrder) {
  const auto& s = GetParam();
  if (s.stochastic) GTEST_SKIP() << "order is defined for the ODE solvers";
  if (s.has(kOwnSteps)) GTEST_SKIP() << "does not take the steps it is given";
  // Multistep methods may do better here: their first steps of lower order fade late.
  const double measured = std::log2(error_after(s, 256) / error_after(s, 512));
  EXPECT_GT(measured, s.order - 0.25);
}

// Distilled models jump to their estimate, which the ideal denoiser does not stand.
bool is_for_distilled_models(const SamplerInfo& s) {
  return s.has(kConsistency) || s.name == "tcd";
}

TEST_P(EverySampler, KeepsTheVarianceOfTheData) {
  if (is_for_distilled_models(GetParam())) GTEST_SKIP() << "for distilled models";
  const std::vector<int64_t> shape{20000, 1, 1, 1};
  const auto x_T = std::sqrt(kS * kS + 100.0) * torch_cpu_noise(1)(shape).to(at::kDouble);

  const auto x = GetParam().run(gaussian_denoiser, x_T, geometric(200, 10.0, 0.1), noisy(shape));

  const double tolerance = GetParam().has(kOwnSteps) ? 0.05 : 0.02;  // its own steps: its own too
  EXPECT_NEAR(x.std().item<double>(), std::sqrt(kS * kS + 0.01), tolerance);
}

TEST_P(EverySampler, KeepsTheVarianceWithNoiseAskedFor) {
  if (is_for_distilled_models(GetParam())) GTEST_SKIP() << "for distilled models";
  const std::vector<int64_t> shape{20000, 1, 1, 1};
  const auto x_T = std::sqrt(kS * kS + 100.0) * torch_cpu_noise(1)(shape).to(at::kDouble);
  SamplerEnv env = noisy(shape);
  env.eta = 1.0;
  const auto x = GetParam().run(gaussian_denoiser, x_T, geometric(200, 10.0, 0.1), env);
  EXPECT_NEAR(x.std().item<double>(), std::sqrt(kS * kS + 0.01), 0.02);
}

TEST_P(EverySampler, EndsOnTheDenoisedEstimateAtSigmaZero) {
  const std::vector<double> sigmas{5.0, 0.0};
  const auto x = at::full({1, 1, 1, 1}, 3.0, at::kDouble);
  EXPECT_TRUE(at::allclose(GetParam().run(gaussian_denoiser, x, sigmas, noisy({1, 1, 1, 1})),
                           gaussian_denoiser(x, 5.0)));
}

TEST_P(EverySampler, ReportsEveryStepOnce) {
  if (GetParam().has(kOwnSteps)) GTEST_SKIP() << "does not take the steps it is given";
  SamplerEnv env = noisy({1, 1, 1, 1});
  std::vector<int> seen;
  env.on_step = [&](const Step& step) {
    EXPECT_EQ(step.count, 4);
    EXPECT_TRUE(step.denoised.defined());
    seen.push_back(step.index);
  };
  GetParam().run(gaussian_denoiser, at::ones({1, 1, 1, 1}), geometric(4, 10.0, 0.1), env);
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3}));
}

TEST_P(EverySampler, KeepsSinglePrecisionAndShape) {
  const auto x = GetParam().run(gaussian_denoiser, at::ones({2, 4, 3, 5}), geometric(4, 10.0, 0.1),
                                noisy({2, 4, 3, 5}));
  EXPECT_EQ(x.sizes(), (at::IntArrayRef{2, 4, 3, 5}));
  SamplerEnv quiet = noisy({1, 1, 1, 1});
  quiet.noise = [](double, double) { return at::zeros({1, 1, 1, 1}); };
  const auto single =
      GetParam().run(gaussian_denoiser, at::ones({1, 1, 1, 1}), geometric(4, 10.0, 0.1), quiet);
  EXPECT_EQ(single.scalar_type(), at::kFloat);
}

TEST_P(EverySampler, RefusesRisingOrMissingNoiseLevels) {
  const auto x = at::ones({1, 1, 1, 1});
  for (const std::vector<double>& bad :
       {std::vector<double>{}, {1.0}, {1.0, 2.0}, {1.0, 1.0}, {1.0, std::nan("")}, {1.0, -1.0}}) {
    EXPECT_THROW(GetParam().run(gaussian_denoiser, x, bad, noisy({1, 1, 1, 1})), Error);
  }
}

TEST_P(EverySampler, NamesASpacingThatExists) { EXPECT_NO_THROW(find_spacing(GetParam().spacing)); }

INSTANTIATE_TEST_SUITE_P(All, EverySampler,
                         ::testing::ValuesIn(samplers().begin(), samplers().end()),
                         [](const auto& info) { return std::string(info.param.name); });

// DDIM as its paper writes it (eq. 12), on the scale that preserves the variance.
TEST(Ddim, IsThePapersUpdate) {
  for (const double eta : {0.0, 0.5, 1.0}) {
    const auto sigmas = find_spacing("ddim_uniform").sigmas(schedule(), 20);
    const auto draws = torch_cpu_noise(3)({20, 8}).to(at::kDouble);
    const auto start = torch_cpu_noise(4)({8}).to(at::kDouble);

    at::Tensor paper = start;
    for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) {
      const double a = 1 / (1 + sigmas[i] * sigmas[i]);
      const double a_prev = 1 / (1 + sigmas[i + 1] * sigmas[i + 1]);
      const at::Tensor x0 = gaussian_denoiser(paper / std::sqrt(a), sigmas[i]);
      const at::Tensor eps = (paper - std::sqrt(a) * x0) / std::sqrt(1 - a);
      const double s = eta * std::sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev));
      paper = std::sqrt(a_prev) * x0 + std::sqrt(1 - a_prev - s * s) * eps +
              s * draws[static_cast<int64_t>(i)];
    }

    SamplerEnv env;
    env.eta = eta;
    env.noise = [&draws, next = int64_t{0}](double, double) mutable { return draws[next++]; };
    const auto x_T = start * std::sqrt(1 + sigmas[0] * sigmas[0]);
    const auto ours = ddim(gaussian_denoiser, x_T, sigmas, env);
    EXPECT_TRUE(at::allclose(ours, paper, 0.0, 1e-6)) << "eta " << eta;
  }
}

TEST(Ddim, WithoutNoiseIsEuler) {
  const auto sigmas = geometric(10, 10.0, 0.1);
  const auto x = torch_cpu_noise(5)({16}).to(at::kDouble);
  EXPECT_TRUE(at::allclose(ddim(gaussian_denoiser, x, sigmas, {}),
                           euler(gaussian_denoiser, x, sigmas, {}), 0.0, 1e-6));
}

TEST(AncestralStep, SplitsTheVariance) {
  for (const double eta : {0.0, 0.3, 1.0, 1.5}) {
    const auto [down, up] = ancestral_step(3.0, 2.0, eta);
    EXPECT_NEAR(down * down + up * up, 4.0, 1e-12);
    EXPECT_GE(down, 0.0);
  }
  EXPECT_EQ(ancestral_step(3.0, 2.0, 0.0).up, 0.0);
}

TEST(Churn, RaisesTheNoiseOnlyInsideItsRange) {
  SamplerEnv env = noisy({1});
  env.churn = {.amount = 1e9, .min_sigma = 1.0, .max_sigma = 5.0};
  const auto x = at::ones({1}, at::kDouble);
  EXPECT_EQ(churn(x, 6.0, 4.0, 10, env).sigma, 6.0);
  EXPECT_EQ(churn(x, 0.5, 0.4, 10, env).sigma, 0.5);
  EXPECT_NEAR(churn(x, 2.0, 1.0, 10, env).sigma, 2.0 * std::sqrt(2.0), 1e-12);
}

TEST(Sampler, SaysWhenNoiseIsMissing) {
  const auto x = at::ones({1, 1, 1, 1});
  EXPECT_THROW(euler_ancestral(gaussian_denoiser, x, geometric(4, 10.0, 0.1), {}), Error);
}

TEST(CfgPlusPlus, TakesItsDirectionFromTheOtherEstimate) {
  const std::vector<double> sigmas{4.0, 2.0};
  SamplerEnv env;
  env.direction = [] { return at::full({1}, 2.0, at::kDouble); };
  const Denoiser denoise = [](const at::Tensor& x, double) { return at::ones_like(x); };
  const auto x = euler(denoise, at::full({1}, 10.0, at::kDouble), sigmas, env);
  EXPECT_DOUBLE_EQ(x.item<double>(), 1.0 + 2.0 * (10.0 - 2.0) / 4.0);
}

TEST(Restart, GoesBackWithNoise) {
  int draws = 0;
  SamplerEnv env = noisy({1, 1, 1, 1});
  env.noise = [&](double from, double to) {
    EXPECT_LT(from, to);
    ++draws;
    return at::zeros({1, 1, 1, 1}, at::kDouble);
  };
  auto sigmas = geometric(19, 10.0, 0.03);
  sigmas.push_back(0.0);
  restart(gaussian_denoiser, at::ones({1, 1, 1, 1}, at::kDouble), sigmas, env);
  EXPECT_EQ(draws, 1);
}

}  // namespace
}  // namespace sfumato
