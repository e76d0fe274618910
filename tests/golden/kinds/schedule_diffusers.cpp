#include <ATen/ATen.h>

#include <cmath>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

std::string class_of(const json& config) {
  const std::string name = config.at("class_name");
  for (const std::string known : {"DDIMScheduler", "DDPMScheduler", "EulerDiscreteScheduler",
                                  "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler"}) {
    if (name == known) return name;
  }
  throw Skip("diffusers " + name);
}

std::vector<double> timesteps_of(const json& config, int steps) {
  const std::string name = class_of(config);
  const bool table_only = name == "DDIMScheduler" || name == "DDPMScheduler";
  const std::string spacing = config.value("timestep_spacing", table_only ? "leading" : "linspace");
  const int table = config.at("num_train_timesteps");
  if (spacing == "leading") return leading_timesteps(table, steps, config.value("steps_offset", 0));
  if (spacing == "trailing") return trailing_timesteps(table, steps);
  if (spacing != "linspace") throw Skip("timestep spacing " + spacing);
  auto timesteps = linspace_timesteps(table, steps);
  if (table_only) {
    for (double& t : timesteps) t = std::nearbyint(t);
  }
  return timesteps;
}

void run_zero_snr(const Case& c, Report& report) {
  std::vector<double> bars, betas;
  double product = 1.0, previous = 1.0;
  for (const double beta : doubles(c.input("betas"))) bars.push_back(product *= 1.0 - beta);
  bars = zero_terminal_snr(bars, 0.0);
  for (const double bar : bars) {
    betas.push_back(1.0 - bar / previous);
    previous = bar;
  }
  report.expect("betas", floats(betas));
  report.expect("alphas_cumprod", floats(bars));
}

}  // namespace

DiffusersTable diffusers_table(const json& config, int steps) {
  const std::string name = class_of(config);
  NoiseSchedule schedule = schedule_of(config);
  if (config.value("rescale_betas_zero_snr", false)) {
    schedule = NoiseSchedule::from_alphas_cumprod(zero_terminal_snr(schedule.alphas_cumprod()));
  }
  if (config.value("use_beta_sigmas", false)) throw Skip("spacing beta");
  if (config.value("interpolation_type", "linear") != "linear") {
    throw Skip("interpolation of noise levels other than linear");
  }

  DiffusersTable table;
  table.timesteps = timesteps_of(config, steps);
  table.sigmas = sigmas_at(schedule, table.timesteps);
  const bool karras = config.value("use_karras_sigmas", false);
  if (karras || config.value("use_exponential_sigmas", false)) {
    const double low = table.sigmas.back(), high = table.sigmas.front();
    table.sigmas = karras ? karras_sigmas(steps, low, high) : exponential_sigmas(steps, low, high);
    for (int i = 0; i < steps; ++i) table.timesteps[i] = schedule.t(table.sigmas[i]);
  }
  if (config.value("timestep_type", "discrete") == "continuous" &&
      config.value("prediction_type", "epsilon") == "v_prediction") {
    for (int i = 0; i < steps; ++i) table.timesteps[i] = 0.25 * std::log(table.sigmas[i]);
  }
  const double high = table.sigmas.front();
  const bool leading = config.value("timestep_spacing", "linspace") == "leading";
  table.init_noise_sigma = leading ? std::sqrt(high * high + 1.0) : high;
  if (name == "DDIMScheduler" || name == "DDPMScheduler") {
    table.init_noise_sigma = 1.0;
    table.sigmas.push_back(config.value("set_alpha_to_one", true) ? 0.0 : schedule.sigma_min());
  } else {
    const bool zero = config.value("final_sigmas_type", "zero") == "zero";
    table.sigmas.push_back(zero ? 0.0 : schedule.sigma_min());
  }
  return table;
}

void run_diffusers_schedule(const Case& c, Report& report) {
  if (made_by(c, "add_noise")) {
    const auto schedule = schedule_of(c.config());
    const at::Tensor &sample = c.input("sample"), &noise = c.input("noise"), &t = c.input("t");
    report.expect("add_noise", add_noise(schedule, sample, noise, t));
    report.expect("velocity", velocity(schedule, sample, noise, t));
    return;
  }
  if (made_by(c, "rescale_zero_terminal_snr")) return run_zero_snr(c, report);
  if (!c.config().contains("class_name") || !c.config().contains("steps")) {
    throw Skip("schedule of " + c.meta.at("source").get<std::string>());
  }
  const bool heun = class_of(c.config()) == "HeunDiscreteScheduler";
  for (const int steps : c.config().at("steps")) {
    DiffusersTable table = diffusers_table(c.config(), steps);
    if (heun) {  // listed once per network call
      const auto repeat = [](const std::vector<double>& once, std::size_t keep_last) {
        std::vector<double> twice;
        for (std::size_t i = 0; i < once.size(); ++i) {
          twice.push_back(once[i]);
          if (i > 0 && i + keep_last < once.size()) twice.push_back(once[i]);
        }
        return twice;
      };
      table.timesteps = repeat(table.timesteps, 0);
      table.sigmas = repeat(table.sigmas, 1);
    }
    const std::string n = std::string("_") + std::to_string(steps);
    for (const std::string name : c.meta.at("outputs")) {
      const bool whole = c.output(name).scalar_type() == at::kLong;
      if (name == "timesteps" + n) {
        report.expect(name, whole ? integers(table.timesteps) : floats(table.timesteps));
      } else if (name == "sigmas" + n) {
        report.expect(name, floats(table.sigmas));
      } else if (name == "init_noise_sigma" + n) {
        report.expect(name, floats({table.init_noise_sigma}).reshape(c.output(name).sizes()));
      }
    }
  }
}

}  // namespace sfumato::golden
