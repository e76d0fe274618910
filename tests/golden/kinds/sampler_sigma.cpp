// Samplers of the programs that work with noise levels: k-diffusion, the web interface and
// generative-models.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/sampling/dpmpp_sde.h"
#include "sfumato/sampling/multistep.h"
#include "sfumato/sampling/restart.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/singlestep.h"

namespace sfumato::golden {
namespace {

using Levels = std::span<const double>;
using Solver = std::function<at::Tensor(const Denoiser&, at::Tensor, Levels, const SamplerEnv&)>;

Solver multistep_of(SlopeWeights weights, int order) {
  return [=](const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
    return linear_multistep(denoise, std::move(x), sigmas, env,
                            {.weights = weights, .order = order});
  };
}

std::vector<Restart> restarts_of(const Case& c) {
  std::vector<Restart> restarts;
  for (const auto& [low, rest] : c.config().at("restart_list").items()) {
    restarts.push_back(
        {.low = std::stod(low), .high = rest[2], .levels = rest[0], .times = rest[1]});
  }
  return restarts;
}

// The sampler with the settings of the case where it has any.
Solver solver_of(const Case& c, const std::string& name) {
  const auto& config = c.config();
  if (name == "lms" && config.contains("order")) {
    return multistep_of(lms_weights, config.at("order"));
  }
  if (config.contains("max_order")) {
    const SlopeWeights weights = name == "deis"      ? deis_weights
                                 : name == "ipndm_v" ? ipndm_v_weights
                                                     : ipndm_weights;
    return multistep_of(weights, config.at("max_order"));
  }
  if (name == "dpmpp_sde" && config.contains("r")) {
    return [r = config.at("r").get<double>()](const Denoiser& denoise, at::Tensor x, Levels sigmas,
                                              const SamplerEnv& env) {
      return dpmpp_sde_at(denoise, std::move(x), sigmas, env, r);
    };
  }
  if (config.contains("restart_list")) {
    return [restarts = restarts_of(c)](const Denoiser& denoise, at::Tensor x, Levels sigmas,
                                       const SamplerEnv& env) {
      return heun_with_restarts(denoise, std::move(x), sigmas, env, restarts);
    };
  }
  const bool heun = config.value("solver_type", "midpoint") == "heun";
  return sampler_or_skip(name + (heun ? "_heun" : "")).run;
}

void run_adaptive(const Case& c, Report& report) {
  const auto& config = c.config();
  AdaptiveOptions options;
  options.order = config.at("order");
  options.relative = config.at("rtol");
  options.absolute = config.at("atol");
  options.first_step = config.at("h_init");
  options.proportional = config.at("pcoeff");
  options.integral = config.at("icoeff");
  options.derivative = config.at("dcoeff");
  options.accept = config.at("accept_safety");
  options.eta = config.at("eta");
  Mixture mixture(c);
  const auto result =
      dpm_solver_adaptive(guided(c, mixture.denoiser()), c.input("x"), config.at("sigma_max"),
                          config.at("sigma_min"), env_of(c), options);
  report.expect("x", result.x);
  const double steps = result.accepted + result.rejected;
  report.expect(
      "info", floats({steps, steps * options.order, 1.0 * result.accepted, 1.0 * result.rejected}));
  mixture.check_calls(c, report, "call_sigma");
}

std::vector<double> sigmas_of(const Case& c) {
  if (c.has_input("sigmas")) return doubles(c.input("sigmas"));
  const auto& config = c.config();
  auto sigmas = exponential_sigmas(config.at("n"), config.at("sigma_min"), config.at("sigma_max"));
  sigmas.push_back(0.0);
  return sigmas;
}

}  // namespace

void run_sigma_sampler(const Case& c, Report& report, const std::string& name) {
  if (name == "dpm_adaptive") return run_adaptive(c, report);
  const Solver solver = solver_of(c, name);
  const auto sigmas = sigmas_of(c);
  SamplerEnv env = env_of(c);
  // The original draws for churn at every step, used or not: draw i belongs to step i.
  if (c.config().contains("s_churn") && env.noise) {
    env.noise = [&, draws = c.input("noise")](double sigma, double) {
      const auto step = std::find(sigmas.begin(), sigmas.end(), sigma) - sigmas.begin();
      return draws[step];
    };
  }
  Mixture mixture(c);
  report.expect("x", solver(guided(c, mixture.denoiser()), c.input("x"), sigmas, env));
  mixture.check_calls(c, report, "call_sigma");
}

const SamplerInfo& sgm_sampler(const std::string& class_name) {
  static const std::map<std::string, std::string> names{
      {"EulerEDMSampler", "euler"},
      {"HeunEDMSampler", "heun"},
      {"EulerAncestralSampler", "euler_ancestral"},
      {"DPMPP2MSampler", "dpmpp_2m"},
      {"DPMPP2SAncestralSampler", "dpmpp_2s_ancestral"},
      {"LinearMultistepSampler", "lms"}};
  const auto found = names.find(class_name);
  if (found == names.end()) throw Skip("sampler " + class_name);
  return sampler_or_skip(found->second);
}

void run_sgm_sampler(const Case& c, Report& report) {
  const std::string source = c.meta.at("source");
  const auto& sampler = sgm_sampler(source.substr(source.rfind(' ') + 1));
  const int steps = c.config().at("steps");
  std::vector<double> sigmas;
  if (c.config().at("discretization") == "EDMDiscretization") {
    sigmas = karras_sigmas(steps, 0.002, 80.0);
    sigmas.push_back(0.0);
  } else {
    sigmas = find_spacing("sgm_legacy").sigmas(NoiseSchedule(NoiseScheduleConfig{}), steps);
  }
  Mixture mixture(c);
  const at::Tensor x = c.input("x") * growth(sigmas[0]);
  report.expect("x", sampler.run(guided(c, mixture.denoiser()), x, sigmas, env_of(c)));
  mixture.check_calls(c, report, "call_sigma");
}

}  // namespace sfumato::golden
