// The DPM-Solver class of the CompVis scripts and UniPC of the web interface: continuous time in
// [1/N, 1], in which log ᾱ is linear between the entries of the table.
#include <ATen/ATen.h>

#include <cmath>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/sampling/dpm_solver.h"
#include "sfumato/sampling/singlestep.h"
#include "sfumato/sampling/unipc.h"

namespace sfumato::golden {
namespace {

NoiseSchedule continuous(const Case& c) {
  return schedule_of(c.config()).interpolated(Interpolation::LogAlpha);
}

// Time t is entry t N - 1 of the table.
double sigma_at(const NoiseSchedule& schedule, double t) {
  return schedule.sigma(t * static_cast<double>(schedule.steps()) - 1.0);
}

std::vector<double> levels(const NoiseSchedule& schedule, const std::string& skip, double start,
                           int steps) {
  const double end = 1.0 / static_cast<double>(schedule.steps());
  const double high = sigma_at(schedule, start), low = sigma_at(schedule, end);
  std::vector<double> sigmas;
  for (int i = 0; i <= steps; ++i) {
    const double share = static_cast<double>(i) / steps;
    if (skip == "logSNR") {
      sigmas.push_back(high * std::pow(low / high, share));
    } else if (skip == "time_quadratic") {
      const double root = std::sqrt(start) + share * (std::sqrt(end) - std::sqrt(start));
      sigmas.push_back(sigma_at(schedule, root * root));
    } else {
      sigmas.push_back(sigma_at(schedule, start + share * (end - start)));
    }
  }
  return sigmas;
}

void run_noise_schedule(const Case& c, Report& report) {
  const auto schedule = NoiseSchedule::from_alphas_cumprod(doubles(c.input("alphas_cumprod")))
                            .interpolated(Interpolation::LogAlpha);
  std::vector<double> log_alphas, deviations, lambdas, times;
  for (const double t : doubles(c.input("t"))) {
    const double sigma = sigma_at(schedule, t);
    log_alphas.push_back(-0.5 * std::log1p(sigma * sigma));
    deviations.push_back(sigma / growth(sigma));
    lambdas.push_back(-std::log(sigma));
    times.push_back((schedule.t(sigma) + 1.0) / static_cast<double>(schedule.steps()));
  }
  report.expect("log_mean_coeff", floats(log_alphas));
  report.expect("std", floats(deviations));
  report.expect("lam", floats(lambdas));
  report.expect("inverse_lambda", floats(times));
}

}  // namespace

at::Tensor run_dpm_solver(const nlohmann::json& config, const Denoiser& denoise,
                          const NoiseSchedule& schedule, const at::Tensor& start) {
  const int steps = config.at("steps"), order = config.value("order", 2);
  const std::string method = config.value("method", "multistep");
  const bool predict_x0 = config.value("predict_x0", true);
  const std::string skip = config.value("skip_type", "time_uniform");
  const double high = sigma_at(schedule, 1.0);
  const at::Tensor x = start * growth(high);
  const SamplerEnv env;
  if (method == "adaptive") {
    AdaptiveOptions options;
    options.order = order;
    return dpm_solver_adaptive_paper(denoise, x, high, schedule.sigma_min(), env, options).x;
  }
  if (method == "multistep") {
    const bool taper = config.value("lower_order_final", true) && steps < 15;
    return dpm_solver_multistep(denoise, x, levels(schedule, skip, 1.0, steps), env,
                                {.order = order,
                                 .predict_x0 = predict_x0,
                                 .heun = config.value("solver_type", "dpm_solver") == "taylor",
                                 .taper = taper});
  }
  const auto orders = method == "singlestep_fixed"
                          ? std::vector<int>(static_cast<std::size_t>(steps / order), order)
                          : singlestep_orders(steps, order);
  return singlestep_run(denoise, x, levels(schedule, skip, 1.0, static_cast<int>(orders.size())),
                        orders, env, {.predict_x0 = predict_x0});
}

void run_compvis_dpm_solver(const Case& c, Report& report) {
  if (!c.has_input("x_T")) return run_noise_schedule(c, report);
  if (c.config().value("method", "") == "adaptive" && c.config().at("order") == 3) {
    throw Skip("adaptive DPM-Solver of order 3: rounding errors set its second step length");
  }
  const auto schedule = continuous(c);
  Mixture mixture(c);
  const auto prediction = prediction_of(c);
  const Denoiser denoise = guided(
      c, make_denoiser(mixture.network(schedule_of(c.config()), prediction), schedule, prediction));
  at::Tensor x = run_dpm_solver(c.config(), denoise, schedule, c.input("x_T"));
  if (c.config().value("denoise_to_zero", false)) {
    report.expect("x", denoise(x, schedule.sigma_min()));
  } else {
    report.expect("x", x / growth(schedule.sigma_min()));
  }
  mixture.check_calls(c, report, "call_t");
}

void run_webui_unipc(const Case& c, Report& report) {
  const auto& config = c.config();
  const auto schedule = continuous(c);
  const auto timesteps = doubles(c.input("timesteps"));
  const int steps = static_cast<int>(timesteps.size());
  const double start =
      config.at("is_img2img").get<bool>() ? (timesteps.back() + 1.0) / 1000.0 : 1.0;
  const auto sigmas = levels(schedule, config.at("skip_type"), start, steps);
  const std::string variant = config.at("variant");

  Mixture mixture(c);
  const auto denoise = make_denoiser(mixture.network(schedule_of(config), prediction_of(c)),
                                     schedule, prediction_of(c));
  const UniPcOptions options{.order = config.at("order"),
                             .variant = variant == "bh1"   ? UniPcVariant::Bh1
                                        : variant == "bh2" ? UniPcVariant::Bh2
                                                           : UniPcVariant::VaryCoeff,
                             .taper = config.at("lower_order_final")};
  const at::Tensor x =
      unipc(guided(c, denoise), c.input("x") * growth(sigmas[0]), sigmas, env_of(c), options);
  report.expect("x", x / growth(sigmas.back()));
  mixture.check_calls(c, report, "call_t");
}

}  // namespace sfumato::golden
