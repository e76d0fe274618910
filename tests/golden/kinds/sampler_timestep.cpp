// DDIM and PLMS of CompVis, Stability AI and the web interface, and the latter's LCM. Their latent
// preserves the variance; ours is sqrt(1 + σ²) times as large.
#include <ATen/ATen.h>

#include <algorithm>
#include <memory>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/consistency.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/sampling/ddim_invert.h"
#include "sfumato/sampling/sample_keeping.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

// The original tells the network the number of the step instead of its timestep.
void run_inversion(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  auto sigmas = compvis_sigmas(c.config(), schedule);
  std::reverse(sigmas.begin(), sigmas.end());
  sigmas.resize(c.config().at("t_enc").get<std::size_t>() + 1);
  const auto number = [&](double sigma) {
    return static_cast<double>(std::find(sigmas.begin(), sigmas.end(), sigma) - sigmas.begin());
  };
  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), number, prediction_of(c));
  const at::Tensor x =
      ddim_invert(guided(c, denoise), c.input("x0") * growth(sigmas.front()), sigmas);
  report.expect("x", x / growth(sigmas.back()));
  mixture.check_calls(c, report, "call_t");
}

void run_keeping(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  const auto sigmas = compvis_sigmas(c.config(), schedule);
  SamplerEnv env = env_of(c);
  // Every second draw is the sampler's own, which it multiplies by 0.
  env.noise = [draws = c.input("noise"), next = std::make_shared<std::int64_t>(0)](double, double) {
    return draws[2 * (*next)++];
  };
  at::Tensor first, last;
  env.on_step = [&](const Step& step) {
    if (step.index == 0) first = step.denoised;
    last = step.denoised;
  };
  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  const at::Tensor x = sample_keeping(ddim, guided(c, denoise), c.input("x_T") * growth(sigmas[0]),
                                      sigmas, env, c.input("x0"), c.input("mask"));
  report.expect("x", x / growth(sigmas.back()));
  report.expect("pred_x0_first", first);
  report.expect("pred_x0_last", last);
  mixture.check_calls(c, report, "call_t");
}

}  // namespace

std::vector<double> compvis_sigmas(const nlohmann::json& config, const NoiseSchedule& schedule) {
  auto sigmas = sigmas_at(
      schedule, ddim_uniform_timesteps(static_cast<int>(schedule.steps()), config.at("steps")));
  sigmas.push_back(schedule.sigma_min());
  return sigmas;
}

void run_compvis_sampler(const Case& c, Report& report) {
  if (made_by(c, "DDIMSampler.encode")) return run_inversion(c, report);
  if (c.has_input("mask")) return run_keeping(c, report);
  const bool plms = made_by(c, "plms.py");
  const auto schedule = schedule_of(c.config());
  auto sigmas = compvis_sigmas(c.config(), schedule);

  at::Tensor x;
  if (made_by(c, "stochastic_encode")) {  // from a picture, t_enc steps before the end
    const int t_enc = c.config().at("t_enc");
    // The original noises to the alpha at index t_enc, one entry above the first it visits.
    const double encoded_at = sigmas[sigmas.size() - 2 - t_enc];
    const at::Tensor encoded =
        (c.input("x0") + encoded_at * c.input("encode_noise")) / growth(encoded_at);
    report.expect("encoded", encoded);
    sigmas.erase(sigmas.begin(), sigmas.end() - 1 - t_enc);
    x = encoded * growth(sigmas[0]);
  } else {
    x = c.input("x_T") * growth(sigmas[0]);
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
  x = find_sampler(plms ? "plms" : "ddim").run(guided(c, denoise), x, sigmas, env);
  report.expect("x", x / growth(sigmas.back()));
  // PLMS reports what its mixed slopes point at, which is no estimate of the network.
  if (!plms && c.outputs.count("pred_x0_last")) report.expect("pred_x0_last", last);
  if (!plms && c.outputs.count("pred_x0_first")) report.expect("pred_x0_first", first);
  mixture.check_calls(c, report, "call_t");
}

void run_webui_sampler(const Case& c, Report& report) {
  const std::string source = c.meta.at("source");
  const auto& sampler = sampler_or_skip(source.substr(source.rfind(' ') + 1));
  const auto schedule = schedule_of(c.config());
  auto timesteps = doubles(c.input("timesteps"));
  std::reverse(timesteps.begin(), timesteps.end());
  const auto sigmas = sigmas_at(schedule, timesteps);

  Mixture mixture(c);
  const auto denoise =
      make_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  SamplerEnv env = env_of(c);
  Denoiser denoiser = guided(c, denoise);
  if (sampler.has(kGuidanceDirection)) {
    const double scale = c.config().at("guidance_scale").get<double>() / sampler.guidance_divisor;
    auto split =
        classifier_free_split(denoise, weights_of(c, "cond"), weights_of(c, "uncond"), scale);
    denoiser = split.guided;
    env.direction = split.unconditional;
  }
  const at::Tensor x = sampler.run(denoiser, c.input("x") * growth(sigmas[0]), sigmas, env);
  report.expect("x", x / growth(sigmas.back()));
  mixture.check_calls(c, report, "call_t");
}

void run_webui_lcm(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  if (!c.has_input("x")) {  // the timesteps alone
    const auto kept = consistency_schedule(schedule);
    const auto stride = static_cast<double>(schedule.steps() / kept.steps());
    std::vector<double> times, sigmas;
    for (const double s : doubles(c.input("sigma"))) {
      times.push_back(static_cast<double>(kept.nearest_t(s)) * stride + stride - 1.0);
    }
    for (const double t : doubles(c.input("t"))) {
      sigmas.push_back(kept.sigma((t - stride + 1.0) / stride));
    }
    report.expect("sigmas", floats(kept.sigmas()));
    report.expect("sigma_to_t", integers(times));
    report.expect("t_to_sigma", floats(sigmas));
    for (const int n : {1, 2, 4, 8}) {
      report.expect("get_sigmas_" + std::to_string(n),
                    floats(find_spacing("lcm").sigmas(schedule, n)));
    }
    return;
  }
  Mixture mixture(c);
  const auto denoise =
      consistency_denoiser(mixture.network(schedule, prediction_of(c)), schedule, prediction_of(c));
  const auto sigmas = doubles(c.input("sigmas"));
  report.expect("x", lcm(guided(c, denoise), c.input("x"), sigmas, env_of(c)));
  mixture.check_calls(c, report, "call_t");
}

}  // namespace sfumato::golden
