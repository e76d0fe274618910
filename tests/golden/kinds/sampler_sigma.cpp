// Samplers of the programs that work with noise levels: k-diffusion and generative-models.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato::golden {

void run_kdiffusion_sampler(const Case& c, Report& report) {
  const std::string source = c.meta.at("source"), prefix = "sample_";
  const auto at_name = source.rfind(prefix);
  if (at_name == std::string::npos) throw Skip("sampler of " + source);
  const auto& sampler = sampler_or_skip(source.substr(at_name + prefix.size()));

  const auto sigmas = doubles(c.input("sigmas"));
  SamplerEnv env = env_of(c);
  if (env.noise) {  // the original draws at every step, used or not: draw i belongs to step i
    env.noise = [&, draws = c.input("noise")](double sigma, double) {
      const auto step = std::find(sigmas.begin(), sigmas.end(), sigma) - sigmas.begin();
      return draws[step];
    };
  }
  Mixture mixture(c);
  report.expect("x", sampler.run(guided(c, mixture.denoiser()), c.input("x"), sigmas, env));
  mixture.check_calls(c, report, "call_sigma");
}

void run_sgm_sampler(const Case& c, Report& report) {
  static const std::map<std::string, std::string> names{
      {"EulerEDMSampler", "euler"},
      {"HeunEDMSampler", "heun"},
      {"EulerAncestralSampler", "euler_ancestral"},
      {"DPMPP2MSampler", "dpmpp_2m"},
      {"DPMPP2SAncestralSampler", "dpmpp_2s_ancestral"},
      {"LinearMultistepSampler", "lms"}};
  const std::string source = c.meta.at("source");
  const auto found = names.find(source.substr(source.rfind(' ') + 1));
  if (found == names.end()) throw Skip("sampler of " + source);
  const auto& sampler = sampler_or_skip(found->second);

  const int steps = c.config().at("steps");
  std::vector<double> sigmas;
  if (c.config().at("discretization") == "EDMDiscretization") {
    sigmas = karras_sigmas(steps, 0.002, 80.0);
    sigmas.push_back(0.0);
  } else {
    sigmas = find_spacing("sgm_legacy").sigmas(NoiseSchedule(NoiseScheduleConfig{}), steps);
  }
  Mixture mixture(c);
  const at::Tensor x = c.input("x") * std::sqrt(1.0 + sigmas[0] * sigmas[0]);
  report.expect("x", sampler.run(guided(c, mixture.denoiser()), x, sigmas, env_of(c)));
  mixture.check_calls(c, report, "call_sigma");
}

}  // namespace sfumato::golden
