#include "sfumato/sampling/sigmas.h"

#include <array>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/diffusion/consistency.h"
#include "sfumato/sampling/beta_quantile.h"
#include "sfumato/sampling/names.h"
#include "sfumato/sampling/spacing_tables.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato {
namespace {

constexpr int kMostSteps = 10'000;

void check_steps(int steps) {
  if (steps < 1 || steps > kMostSteps) {
    throw Error(ErrorKind::InvalidArgument, "steps must be 1.." + std::to_string(kMostSteps) +
                                                ", got " + std::to_string(steps));
  }
}

// i-th of `steps` equally spaced numbers from a to b.
double between(double a, double b, int i, int steps) {
  return steps == 1 ? a : a + (b - a) * i / (steps - 1);
}

std::vector<double> with_zero(std::vector<double> sigmas) {
  sigmas.push_back(0.0);
  return sigmas;
}

std::vector<double> discrete(const NoiseSchedule& schedule, int steps) {
  check_steps(steps);
  std::vector<double> timesteps;
  const double last = static_cast<double>(schedule.steps() - 1);
  for (int i = 0; i < steps; ++i) timesteps.push_back(between(last, 0.0, i, steps));
  return with_zero(sigmas_at(schedule, timesteps));
}

std::vector<double> karras(const NoiseSchedule& schedule, int steps) {
  return with_zero(karras_sigmas(steps, schedule.sigma_min(), schedule.sigma_max()));
}

std::vector<double> exponential(const NoiseSchedule& schedule, int steps) {
  return with_zero(exponential_sigmas(steps, schedule.sigma_min(), schedule.sigma_max()));
}

std::vector<double> ddim_uniform(const NoiseSchedule& schedule, int steps) {
  const int table = static_cast<int>(schedule.steps());
  auto timesteps = ddim_uniform_timesteps(table, steps);
  if (timesteps.size() > 1) std::erase(timesteps, table);
  return with_zero(sigmas_at(schedule, timesteps));
}

// As many equal steps, the last of which would end on timestep 0 and goes to σ = 0 instead.
std::vector<double> sgm_uniform(const NoiseSchedule& schedule, int steps) {
  check_steps(steps);
  std::vector<double> timesteps;
  const double last = static_cast<double>(schedule.steps() - 1);
  for (int i = 0; i < steps; ++i) timesteps.push_back(between(last, 0.0, i, steps + 1));
  return with_zero(sigmas_at(schedule, timesteps));
}

std::vector<double> simple(const NoiseSchedule& schedule, int steps) {
  const int table = static_cast<int>(schedule.steps());
  return with_zero(sigmas_at(schedule, simple_timesteps(table, steps)));
}

std::vector<double> trailing(const NoiseSchedule& schedule, int steps) {
  const int table = static_cast<int>(schedule.steps());
  return with_zero(sigmas_at(schedule, trailing_timesteps(table, steps)));
}

// The table entry nearest to k/steps of the way, k = steps .. 1.
std::vector<double> turbo(const NoiseSchedule& schedule, int steps) {
  check_steps(steps);
  const double table = static_cast<double>(schedule.steps());
  std::vector<double> timesteps;
  for (int k = steps; k > 0; --k) timesteps.push_back(std::nearbyint(k * table / steps - 1.0));
  return with_zero(sigmas_at(schedule, timesteps));
}

std::vector<double> leading(const NoiseSchedule& schedule, int steps) {
  const int table = static_cast<int>(schedule.steps());
  return with_zero(sigmas_at(schedule, leading_timesteps(table, steps)));
}

std::vector<double> sgm_legacy(const NoiseSchedule& schedule, int steps) {
  const int table = static_cast<int>(schedule.steps());
  return with_zero(sigmas_at(schedule, sgm_timesteps(table, steps)));
}

std::vector<double> kl_optimal(const NoiseSchedule& schedule, int steps) {
  return kl_optimal_sigmas(steps, schedule.sigma_min(), schedule.sigma_max());
}

std::vector<double> beta(const NoiseSchedule& schedule, int steps) {
  return with_zero(beta_sigmas(steps, schedule.sigma_min(), schedule.sigma_max()));
}

std::vector<double> from_table(std::span<const double> table, int steps) {
  check_steps(steps);
  return with_zero(interpolate_log(table, steps));
}

std::vector<double> align_your_steps(const NoiseSchedule&, int steps) {
  return from_table(align_your_steps_sd1(), steps);
}

std::vector<double> align_your_steps_for_sdxl(const NoiseSchedule&, int steps) {
  return from_table(align_your_steps_sdxl(), steps);
}

// The table stretched down to σ = 0.015 and written out as 32 levels.
std::vector<double> align_32(std::span<const double> table, int steps) {
  std::vector<double> lower(table.begin(), table.end());
  lower.back() = 0.015;
  return from_table(interpolate_log(lower, 32), steps);
}

std::vector<double> align_your_steps_32(const NoiseSchedule&, int steps) {
  return align_32(align_your_steps_sd1(), steps);
}

std::vector<double> align_your_steps_32_for_sdxl(const NoiseSchedule&, int steps) {
  return align_32(align_your_steps_sdxl(), steps);
}

std::vector<double> gits(const NoiseSchedule&, int steps) { return from_table(gits_sd1(), steps); }

std::vector<double> gits_for_sdxl(const NoiseSchedule&, int steps) {
  return from_table(gits_sdxl(), steps);
}

// Equal steps in the timesteps that a consistency model was distilled on.
std::vector<double> consistency(const NoiseSchedule& schedule, int steps) {
  return discrete(consistency_schedule(schedule), steps);
}

constexpr std::array kSpacings{
    SpacingInfo{"discrete", "equal steps in the model's own timesteps", discrete},
    SpacingInfo{"karras", "more steps at little noise (Karras et al. 2022)", karras},
    SpacingInfo{"exponential", "equal steps in the logarithm of the noise", exponential},
    SpacingInfo{"ddim_uniform", "the timesteps of DDIM: 1, 1 + 1000/steps, ...", ddim_uniform},
    SpacingInfo{"sgm_uniform", "as discrete, without the smallest timestep", sgm_uniform},
    SpacingInfo{"sgm_legacy", "sgm_uniform rounded down to table entries (SDXL)", sgm_legacy},
    SpacingInfo{"simple", "table entries at equal distances, from the top", simple},
    SpacingInfo{"trailing", "as simple, to the nearest entry (Lin et al. 2023)", trailing},
    SpacingInfo{"turbo", "as trailing, halves rounded the other way", turbo},
    SpacingInfo{"leading", "table entries at equal distances, from the bottom", leading},
    SpacingInfo{"kl_optimal", "equal angles arctan(noise); ends above 0", kl_optimal},
    SpacingInfo{"beta", "quantiles of a beta distribution, dense at both ends", beta},
    SpacingInfo{"align_your_steps", "levels optimised for Stable Diffusion 1.5", align_your_steps},
    SpacingInfo{"align_your_steps_sdxl", "levels optimised for SDXL", align_your_steps_for_sdxl},
    SpacingInfo{"align_your_steps_32", "the same, written out as 32 levels", align_your_steps_32},
    SpacingInfo{"align_your_steps_32_sdxl", "the same for SDXL", align_your_steps_32_for_sdxl},
    SpacingInfo{"gits", "levels along the curve of the trajectories, SD 1.5", gits},
    SpacingInfo{"gits_sdxl", "the same for SDXL", gits_for_sdxl},
    SpacingInfo{"lcm", "equal steps in the timesteps of a consistency model", consistency},
};

}  // namespace

std::span<const SpacingInfo> spacings() { return kSpacings; }

const SpacingInfo& find_spacing(std::string_view name) {
  const std::string_view ours = resolve_spacing(name);
  for (const auto& s : kSpacings) {
    if (s.name == ours) return s;
  }
  throw unknown_spacing(name);
}

std::vector<double> karras_sigmas(int steps, double sigma_min, double sigma_max, double rho) {
  check_steps(steps);
  const double low = std::pow(sigma_min, 1.0 / rho), high = std::pow(sigma_max, 1.0 / rho);
  std::vector<double> sigmas;
  for (int i = 0; i < steps; ++i) sigmas.push_back(std::pow(between(high, low, i, steps), rho));
  return sigmas;
}

std::vector<double> exponential_sigmas(int steps, double sigma_min, double sigma_max) {
  return polyexponential_sigmas(steps, sigma_min, sigma_max, 1.0);
}

std::vector<double> polyexponential_sigmas(int steps, double sigma_min, double sigma_max,
                                           double rho) {
  check_steps(steps);
  const double low = std::log(sigma_min), high = std::log(sigma_max);
  std::vector<double> sigmas;
  for (int i = 0; i < steps; ++i) {
    const double ramp = std::pow(between(1.0, 0.0, i, steps), rho);
    sigmas.push_back(std::exp(low + ramp * (high - low)));
  }
  return sigmas;
}

std::vector<double> kl_optimal_sigmas(int steps, double sigma_min, double sigma_max) {
  check_steps(steps);
  const double low = std::atan(sigma_min), high = std::atan(sigma_max);
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) {
    const double share = static_cast<double>(i) / steps;
    sigmas.push_back(std::tan(share * low + (1.0 - share) * high));
  }
  return sigmas;
}

std::vector<double> beta_sigmas(int steps, double sigma_min, double sigma_max, double alpha,
                                double beta) {
  check_steps(steps);
  std::vector<double> sigmas;
  for (int i = 0; i < steps; ++i) {
    const double share = beta_quantile(between(1.0, 0.0, i, steps), alpha, beta);
    sigmas.push_back(sigma_min + share * (sigma_max - sigma_min));
  }
  return sigmas;
}

std::vector<double> vp_sigmas(int steps, double beta_d, double beta_min, double eps_s) {
  check_steps(steps);
  std::vector<double> sigmas;
  for (int i = 0; i < steps; ++i) {
    const double t = between(1.0, eps_s, i, steps);
    // Single precision and no expm1: the smallest levels carry the original's rounding.
    const auto exponent = static_cast<float>(0.5 * beta_d * t * t + beta_min * t);
    sigmas.push_back(std::sqrt(std::exp(exponent) - 1.0f));
  }
  return sigmas;
}

std::vector<double> discard_penultimate(std::vector<double> sigmas) {
  if (sigmas.size() > 2) sigmas.erase(sigmas.end() - 2);
  return sigmas;
}

std::vector<double> sigmas_at(const NoiseSchedule& schedule, const std::vector<double>& timesteps) {
  std::vector<double> sigmas;
  for (const double t : timesteps) sigmas.push_back(schedule.sigma(t));
  return sigmas;
}

}  // namespace sfumato
