#include <algorithm>
#include <cmath>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/sampling/diffusers_plan.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato {
namespace {

// Three families of classes, which differ in habits rather than in mathematics.
enum class Family {
  Table,      // whole timesteps of the table, latents that preserve the variance
  Multistep,  // as Table, with one timestep more than steps to space
  Sigma,      // fractional timesteps, latents with growing variance
};

Family family_of(const std::string& name) {
  for (const char* table :
       {"DDIMScheduler", "DDPMScheduler", "PNDMScheduler", "LCMScheduler", "TCDScheduler"}) {
    if (name == table) return Family::Table;
  }
  for (const char* multistep :
       {"DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "DEISMultistepScheduler",
        "UniPCMultistepScheduler", "SASolverScheduler"}) {
    if (name == multistep) return Family::Multistep;
  }
  return Family::Sigma;
}

void round_all(std::vector<double>& timesteps) {
  for (double& t : timesteps) t = std::nearbyint(t);
}

std::vector<double> spaced(const DiffusersConfig& c, Family family, int steps) {
  const int table = static_cast<int>(c.schedule.steps());
  if (c.class_name == "TCDScheduler") return simple_timesteps(table, steps);
  if (c.class_name == "LCMScheduler") {
    return consistency_timesteps(table, c.original_inference_steps, steps);
  }
  if (c.timestep_spacing == "trailing") return trailing_timesteps(table, steps);
  const int asked = steps + (family == Family::Multistep ? 1 : 0);
  std::vector<double> timesteps;
  if (c.timestep_spacing == "leading") {
    timesteps = leading_timesteps(table, asked, c.steps_offset);
  } else {
    timesteps = linspace_timesteps(table, asked);
    if (family != Family::Sigma) round_all(timesteps);
  }
  if (family == Family::Multistep) timesteps.pop_back();
  return timesteps;
}

// Between table entries these classes read the noise levels linearly.
double linear_sigma(const NoiseSchedule& schedule, double t) {
  const auto& sigmas = schedule.sigmas();
  const auto low = static_cast<std::size_t>(t);
  if (low + 1 >= sigmas.size()) return sigmas.back();
  const double w = t - static_cast<double>(low);
  return (1.0 - w) * sigmas[low] + w * sigmas[low + 1];
}

// Replaces the levels of the timesteps by others over the same range, and the timesteps by theirs.
void respace(const DiffusersConfig& c, Family family, int steps, SamplingPlan& plan) {
  const bool other =
      c.use_karras_sigmas || c.use_exponential_sigmas || c.use_beta_sigmas || c.use_lu_lambdas;
  if (!other) return;
  const bool own_range = family == Family::Sigma;
  const double low = own_range ? plan.sigmas.back() : c.schedule.sigma_min();
  const double high = own_range ? plan.sigmas.front() : c.schedule.sigma_max();
  // Steps of equal length in λ (Lu et al.) are those of exponential, the timesteps rounded.
  plan.sigmas = c.use_karras_sigmas ? karras_sigmas(steps, low, high)
                : c.use_beta_sigmas ? beta_sigmas(steps, low, high)
                                    : exponential_sigmas(steps, low, high);
  plan.timesteps.clear();
  for (const double sigma : plan.sigmas) plan.timesteps.push_back(c.schedule.t(sigma));
  if (family == Family::Sigma) return;
  if (c.use_karras_sigmas || c.use_lu_lambdas) {
    round_all(plan.timesteps);
  } else {
    for (double& t : plan.timesteps) t = std::floor(t);
  }
}

}  // namespace

SamplingPlan diffusers_levels(const DiffusersConfig& c, int steps) {
  const Family family = family_of(c.class_name);
  SamplingPlan plan;
  plan.timesteps = spaced(c, family, steps);
  const double last = static_cast<double>(c.schedule.steps() - 1);
  if (plan.timesteps.empty() || plan.timesteps.front() > last) {
    throw Error(ErrorKind::InvalidArgument, std::to_string(steps) + " steps with steps_offset " +
                                                std::to_string(c.steps_offset) +
                                                " lie outside the noise schedule");
  }
  for (const double t : plan.timesteps) plan.sigmas.push_back(linear_sigma(c.schedule, t));
  respace(c, family, steps, plan);

  const double high = plan.sigmas.front();
  const bool grows = family == Family::Sigma;
  const bool leading = c.timestep_spacing == "leading";
  plan.start = grows && !leading ? high : std::sqrt(1.0 + high * high);
  if (c.log_linear && c.class_name == "EulerDiscreteScheduler") {
    plan.sigmas = exponential_sigmas(steps + 1, c.schedule.sigma_min(), c.schedule.sigma_max());
  } else {
    const bool to_zero = c.ends_at_zero && c.class_name != "TCDScheduler";
    plan.sigmas.push_back(to_zero ? 0.0 : c.schedule.sigma_min());
  }
  const double end = plan.sigmas.back();
  plan.finish = grows ? 1.0 : 1.0 / std::sqrt(1.0 + end * end);
  if (c.continuous_time) {
    for (std::size_t i = 0; i < plan.timesteps.size(); ++i) {
      plan.timesteps[i] = edm_time(plan.sigmas[i]);
    }
  }
  plan.timestep = [sigmas = plan.sigmas, timesteps = plan.timesteps, schedule = c.schedule,
                   continuous = c.continuous_time](double sigma) {
    const auto at = std::find(sigmas.begin(), sigmas.end(), sigma) - sigmas.begin();
    if (static_cast<std::size_t>(at) < timesteps.size()) {
      return timesteps[static_cast<std::size_t>(at)];
    }
    return continuous ? edm_time(sigma) : schedule.t(sigma);
  };
  return plan;
}

}  // namespace sfumato
