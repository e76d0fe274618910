#include <ATen/ATen.h>

#include <algorithm>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/consistency.h"
#include "sfumato/sampling/diffusers_plan.h"

namespace sfumato::golden {

void run_diffusers_sampler(const Case& c, Report& report) {
  const std::string name = c.config().at("class_name");
  if (name == "IPNDMScheduler") throw Skip("IPNDMScheduler: no Stable Diffusion pipeline has it");
  const auto arguments = c.config().value("step_arguments", nlohmann::json::object());
  // There the network sees the latent before the extra noise.
  if (arguments.value("s_churn", 0.0) > 0.0) {
    throw Skip("churn in the manner of diffusers, which no config can ask for");
  }
  const DiffusersConfig config = diffusers_config(c.config());
  const SamplingPlan plan = plan_diffusers(config, c.config().at("steps"));
  SamplerEnv env = env_of(c);
  env.noise_scale = arguments.value("s_noise", 1.0);
  if (arguments.contains("eta")) env.eta = arguments.at("eta").get<double>();
  if (name == "SASolverScheduler") {  // draws at every step, used or not: draw i is of step i
    env.noise = [&, draws = c.input("noise")](double sigma, double) {
      const auto step = std::find(plan.sigmas.begin(), plan.sigmas.end(), sigma);
      return draws[step - plan.sigmas.begin()];
    };
  }

  Mixture mixture(c);
  const Network network = mixture.network(config.schedule, config.prediction);
  ConditionalDenoiser denoise = make_denoiser(network, plan.timestep, config.prediction);
  if (plan.consistency) {
    denoise = consistency_denoiser(network, config.schedule, config.prediction);
  }
  const at::Tensor x = plan.run(guided(c, denoise), c.input("x") * plan.start, env);
  report.expect("x", x * plan.finish);
  mixture.check_calls(c, report, "call_t");
}

}  // namespace sfumato::golden
