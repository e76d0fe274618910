#include "sfumato/sampling/diffusers_plan.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using nlohmann::json;

const json& stable_diffusion() {
  static const json config{{"_class_name", "PNDMScheduler"},
                           {"beta_start", 0.00085},
                           {"beta_end", 0.012},
                           {"beta_schedule", "scaled_linear"},
                           {"num_train_timesteps", 1000},
                           {"set_alpha_to_one", false},
                           {"skip_prk_steps", true},
                           {"steps_offset", 1},
                           {"trained_betas", nullptr}};
  return config;
}

TEST(DiffusersPlan, FollowsThePublishedConfigOfStableDiffusion) {
  const auto plan = plan_diffusers(read_diffusers_config(stable_diffusion()), 10);
  EXPECT_EQ(plan.timesteps.front(), 901.0);
  EXPECT_EQ(plan.timesteps.back(), 1.0);
  EXPECT_EQ(plan.timestep(plan.sigmas[3]), plan.timesteps[3]);
  EXPECT_EQ(plan.sigmas.size(), 11u);
  EXPECT_GT(plan.sigmas.back(), 0.0);
}

constexpr std::array kEveryClass{"DDIMScheduler",
                                 "DDPMScheduler",
                                 "DEISMultistepScheduler",
                                 "DPMSolverMultistepScheduler",
                                 "DPMSolverSinglestepScheduler",
                                 "EulerAncestralDiscreteScheduler",
                                 "EulerDiscreteScheduler",
                                 "HeunDiscreteScheduler",
                                 "KDPM2AncestralDiscreteScheduler",
                                 "KDPM2DiscreteScheduler",
                                 "LCMScheduler",
                                 "LMSDiscreteScheduler",
                                 "PNDMScheduler",
                                 "SASolverScheduler",
                                 "TCDScheduler",
                                 "UniPCMultistepScheduler"};

DiffusersConfig config_of_class(const char* name) {
  json config = stable_diffusion();
  config["_class_name"] = name;
  config["clip_sample"] = false;
  return read_diffusers_config(config);
}

at::Tensor gaussian_estimate(const at::Tensor& x, double sigma) {
  return x / (1.0 + sigma * sigma);
}

SamplerEnv without_noise() {
  SamplerEnv env;
  env.noise = [](double, double) { return at::zeros({1, 1, 2, 2}); };
  return env;
}

TEST(DiffusersPlan, EveryClassRuns) {
  for (const char* name : kEveryClass) {
    const auto plan = plan_diffusers(config_of_class(name), 8);
    const at::Tensor x =
        plan.run(gaussian_estimate, at::ones({1, 1, 2, 2}) * plan.start, without_noise());
    EXPECT_TRUE(at::isfinite(x).all().item<bool>()) << name;
  }
}

TEST(DiffusersPlan, TheLastStepsAreThoseOfTheWholeRun) {
  for (const char* name : kEveryClass) {
    const auto whole = plan_diffusers(config_of_class(name), 8);
    const auto last = plan_diffusers(config_of_class(name), 8, 3);
    EXPECT_EQ(last.sigmas, std::vector<double>(whole.sigmas.end() - 4, whole.sigmas.end())) << name;
    EXPECT_EQ(last.timestep(last.sigmas[0]), last.timesteps[0]) << name;
    const at::Tensor x =
        last.run(gaussian_estimate, at::ones({1, 1, 2, 2}) * last.sigmas.front(), without_noise());
    EXPECT_TRUE(at::isfinite(x).all().item<bool>()) << name;
    EXPECT_LT(x.abs().max().item<double>(), 2.0) << name;
  }
  // Of a solver that keeps nothing from step to step they also end where the whole run ends.
  const auto ddim = config_of_class("DDIMScheduler");
  const auto whole = plan_diffusers(ddim, 8);
  at::Tensor on_the_way;
  const Denoiser watched = [&](const at::Tensor& x, double sigma) {
    if (sigma == whole.sigmas[5]) on_the_way = x;
    return gaussian_estimate(x, sigma);
  };
  const at::Tensor end = whole.run(watched, at::ones({1, 1, 2, 2}) * whole.start, without_noise());
  EXPECT_TRUE(at::allclose(
      plan_diffusers(ddim, 8, 3).run(gaussian_estimate, on_the_way, without_noise()), end));
}

TEST(DiffusersConfig, RefusesWhatItCannotMean) {
  const std::vector<std::pair<const char*, json>> bad{{"_class_name", "FlowMatchEulerScheduler"},
                                                      {"_class_name", 7},
                                                      {"beta_schedule", "wavy"},
                                                      {"num_train_timesteps", 0},
                                                      {"num_train_timesteps", 1e300},
                                                      {"num_train_timesteps", "many"},
                                                      {"beta_end", 2.0},
                                                      {"trained_betas", json::array({0.5, "x"})},
                                                      {"trained_betas", json::array({1.5})},
                                                      {"prediction_type", "flow_prediction"},
                                                      {"timestep_spacing", "random"},
                                                      {"steps_offset", -1},
                                                      {"steps_offset", 5000},
                                                      {"solver_order", 9},
                                                      {"dynamic_thresholding_ratio", 2.0},
                                                      {"variance_type", "learned_range"}};
  for (const auto& [name, value] : bad) {
    json config = stable_diffusion();
    config[name] = value;
    EXPECT_THROW(read_diffusers_config(config), Error) << name << " " << value;
  }
  EXPECT_THROW(read_diffusers_config(json::array()), Error);
}

TEST(DiffusersPlan, RefusesImpossibleStepCounts) {
  const auto config = read_diffusers_config(stable_diffusion());
  for (const int steps : {0, -1, 1'000'000}) EXPECT_THROW(plan_diffusers(config, steps), Error);
}

}  // namespace
}  // namespace sfumato
