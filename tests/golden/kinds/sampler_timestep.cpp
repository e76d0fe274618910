// Samplers of the programs that work with timesteps. Their latent preserves the variance; ours is
// sqrt(1 + σ²) times as large.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

double scale(double sigma) { return std::sqrt(1.0 + sigma * sigma); }

Prediction prediction_of(const Case& c) {
  return parse_prediction(c.config().value("prediction", "eps"));
}

}  // namespace

void run_compvis_sampler(const Case& c, Report& report) {
  if (made_by(c, "DDIMSampler.encode")) throw Skip("DDIM inversion");
  if (c.has_input("mask")) throw Skip("DDIM that replaces masked parts between steps");
  const auto schedule = schedule_of(c.config());
  auto sigmas = sigmas_at(
      schedule, ddim_uniform_timesteps(static_cast<int>(schedule.steps()), c.config().at("steps")));
  sigmas.push_back(schedule.sigma_min());

  at::Tensor x;
  if (made_by(c, "stochastic_encode")) {  // from a picture, t_enc steps before the end
    const int t_enc = c.config().at("t_enc");
    // The original noises to the alpha at index t_enc, one entry above the first it visits.
    const double encoded_at = sigmas[sigmas.size() - 2 - t_enc];
    const at::Tensor encoded =
        (c.input("x0") + encoded_at * c.input("encode_noise")) / scale(encoded_at);
    report.expect("encoded", encoded);
    sigmas.erase(sigmas.begin(), sigmas.end() - 1 - t_enc);
    x = encoded * scale(sigmas[0]);
  } else {
    x = c.input("x_T") * scale(sigmas[0]);
  }

  SamplerEnv env = env_of(c);
  at::Tensor first, last;
  env.on_step = [&](const Step& step) {
    if (step.index == 0) first = step.denoised;
    last = step.denoised;
  };
  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  x = find_sampler("ddim").run(guided(c, denoise), x, sigmas, env);
  report.expect("x", x / scale(sigmas.back()));
  if (c.outputs.count("pred_x0_last")) report.expect("pred_x0_last", last);
  if (c.outputs.count("pred_x0_first")) report.expect("pred_x0_first", first);
  mixture.check_calls(c, report, "call_t");
}

void run_webui_sampler(const Case& c, Report& report) {
  const std::string source = c.meta.at("source");
  const std::string name = source.substr(source.rfind(' ') + 1);
  if (name != "ddim") throw Skip("sampler " + name);
  const auto schedule = schedule_of(c.config());
  auto timesteps = doubles(c.input("timesteps"));
  std::reverse(timesteps.begin(), timesteps.end());
  const auto sigmas = sigmas_at(schedule, timesteps);

  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  const at::Tensor x = find_sampler("ddim").run(guided(c, denoise), c.input("x") * scale(sigmas[0]),
                                                sigmas, env_of(c));
  report.expect("x", x / scale(sigmas.back()));
  mixture.check_calls(c, report, "call_t");
}

void run_diffusers_sampler(const Case& c, Report& report) {
  const auto& config = c.config();
  const int steps = config.at("steps");
  const std::string name = config.at("class_name");
  const auto table = diffusers_table(config, steps);
  NoiseSchedule schedule = schedule_of(config);
  if (config.value("rescale_betas_zero_snr", false)) {
    schedule = NoiseSchedule::from_alphas_cumprod(zero_terminal_snr(schedule.alphas_cumprod()));
  }
  const auto arguments = config.value("step_arguments", nlohmann::json::object());
  SamplerEnv env = env_of(c);
  env.noise_scale = arguments.value("s_noise", 1.0);

  std::string ours;
  at::Tensor x = c.input("x") * table.init_noise_sigma;
  if (name == "EulerDiscreteScheduler" || name == "HeunDiscreteScheduler") {
    ours = name == "EulerDiscreteScheduler" ? "euler" : "heun";
    // There the network sees the latent before the extra noise.
    if (arguments.value("s_churn", 0.0) > 0.0) throw Skip("churn in the manner of diffusers");
  } else if (name == "EulerAncestralDiscreteScheduler") {
    ours = "euler_ancestral";
  } else if (name == "DDIMScheduler") {
    ours = "ddim";
    x = x * scale(table.sigmas[0]);
    env.eta = arguments.value("eta", 0.0);
    if (config.value("clip_sample", true) || config.value("thresholding", false)) {
      throw Skip("DDIM that clips x0 but not the noise direction");
    }
    const int stride = config.at("num_train_timesteps").get<int>() / steps;
    for (int i = 0; i + 1 < steps; ++i) {
      if (table.timesteps[i] - stride != table.timesteps[i + 1]) {
        throw Skip("DDIM whose steps do not end where the next one starts");
      }
    }
  } else {
    throw Skip("diffusers " + name);
  }

  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  x = find_sampler(ours).run(guided(c, denoise), x, table.sigmas, env);
  report.expect("x", ours == "ddim" ? x / scale(table.sigmas.back()) : x);
  mixture.check_calls(c, report, "call_t");
}

}  // namespace sfumato::golden
