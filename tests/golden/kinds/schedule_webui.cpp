#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/sampling/names.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

NoiseSchedule schedule_of_sigmas(const at::Tensor& sigmas) {
  std::vector<double> bars;
  for (const double s : doubles(sigmas)) bars.push_back(1.0 / (1.0 + s * s));
  return NoiseSchedule::from_alphas_cumprod(bars);
}

struct Range {
  double low, high, rho;
};

std::vector<double> table(const std::string& name, const NoiseSchedule& schedule, int steps,
                          const Range& range) {
  const auto with_zero = [](std::vector<double> sigmas) {
    sigmas.push_back(0.0);
    return sigmas;
  };
  const double rho = range.rho;
  if (name == "polyexponential") {
    return with_zero(polyexponential_sigmas(steps, range.low, range.high, rho > 0 ? rho : 1.0));
  }
  const std::string_view ours = resolve_spacing(name);
  if (ours == "karras") {
    return with_zero(karras_sigmas(steps, range.low, range.high, rho > 0 ? rho : 7.0));
  }
  if (ours == "exponential") return with_zero(exponential_sigmas(steps, range.low, range.high));
  return find_spacing(ours).sigmas(schedule, steps);
}

void run_scheduler(const Case& c, Report& report) {
  const auto& config = c.config();
  const auto schedule = schedule_of_sigmas(c.input("sigmas"));
  const Range range{config.at("sigma_min"), config.at("sigma_max"),
                    config.value("default_rho", -1.0)};
  for (const int steps : config.at("steps")) {
    for (const std::string family : {"sd1", "sdxl"}) {
      std::string name(resolve_spacing(config.at("scheduler").get<std::string>()));
      const bool tuned = name.rfind("align_your_steps", 0) == 0 || name == "gits";
      if (tuned && family == "sdxl") name += "_sdxl";
      report.expect(family + "_" + std::to_string(steps),
                    floats(table(name, schedule, steps, range)));
    }
  }
}

void run_sampler_sigmas(const Case& c, Report& report) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto& defaults = c.config().at("sampler_defaults");
  for (const auto& run : c.config().at("runs")) {
    const json options = run.value("options", json::object());
    const json habit = defaults.value(run.at("sampler").get<std::string>(), json::object());
    std::string name = run.at("scheduler");
    if (name == "Automatic") name = habit.value("scheduler", "Automatic");
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char ch) { return ch == ' ' ? '_' : std::tolower(ch); });

    const bool old = options.value("use_old_karras_scheduler_sigmas", false);
    Range range{old ? 0.1 : schedule.sigma_min(), old ? 10.0 : schedule.sigma_max(), -1.0};
    range.low = options.value("sigma_min", range.low);
    range.high = options.value("sigma_max", range.high);
    range.rho = options.value("rho", range.rho);

    const bool discard = options.value("always_discard_next_to_last_sigma", false) ||
                         habit.value("discard_next_to_last_sigma", false);
    auto sigmas = table(name, schedule, run.at("steps").get<int>() + (discard ? 1 : 0), range);
    if (discard) sigmas = discard_penultimate(std::move(sigmas));
    report.expect(run.at("id"), floats(sigmas));
  }
}

void run_timesteps(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const int steps = line.at("steps");
    auto timesteps = ddim_uniform_timesteps(1000, steps);
    std::reverse(timesteps.begin(), timesteps.end());
    for (double& t : timesteps) t = std::min(t, 999.0);
    const std::string name = "steps " + std::to_string(steps);
    const auto count = timesteps.size();
    const auto first = line.at("expected_first").size(), last = line.at("expected_last").size();
    report.expect_equal(name, count, line.at("expected_count"));
    if (first > count || last > count) continue;
    report.expect_equal(name, std::vector<double>(timesteps.begin(), timesteps.begin() + first),
                        line.at("expected_first"));
    report.expect_equal(name, std::vector<double>(timesteps.end() - last, timesteps.end()),
                        line.at("expected_last"));
  }
}

void run_image_to_image_steps(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const bool stretch =
        line.at("img2img_fix_steps").get<bool>() || line.at("explicit_steps").get<bool>();
    const PartialRun run = partial_run(line.at("steps"), line.at("denoising_strength"), stretch);
    report.expect_equal("steps", run.steps, line.at("expected_steps"));
    report.expect_equal("t_enc", run.last_steps - 1, line.at("expected_t_enc"));
  }
}

void run_predictor(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  std::vector<double> times, sigmas, starts;
  for (const double s : doubles(c.input("sigma"))) times.push_back(schedule.nearest_t(s));
  for (const double t : doubles(c.input("t"))) sigmas.push_back(schedule.sigma(t));
  report.expect("timestep", integers(times));
  report.expect("sigma_of_t", floats(sigmas));
  report.expect("sigmas", floats(schedule.sigmas()));
  const auto& percents = c.config().at("percent");
  const auto& expected = c.config().at("percent_to_sigma");
  for (std::size_t i = 0; i < percents.size(); ++i) {
    const double sigma = schedule.sigma_at_progress(percents[i]);
    const at::Tensor got = floats({std::isinf(sigma) ? 999999999.9 : sigma});
    report.expect_near("percent_to_sigma", got, floats({expected[i].get<double>()}));
  }
}

void run_webui_zero_snr(const Case& c, Report& report) {
  std::vector<double> bars, sigmas;
  for (const double s : doubles(c.input("sigmas"))) bars.push_back(1.0 / (1.0 + s * s));
  for (const double a : zero_terminal_snr(bars, 4.8973451890853435e-08)) {
    sigmas.push_back(std::sqrt((1.0 - a) / a));
  }
  report.expect("sigmas", floats(sigmas));
}

void run_beta_options(const Case& c, Report& report) {
  const auto& config = c.config();
  int index = 0;
  for (const auto& run : config.at("runs")) {
    auto sigmas = beta_sigmas(config.at("n"), config.at("sigma_min"), config.at("sigma_max"),
                              run.at("alpha"), run.at("beta"));
    sigmas.push_back(0.0);
    report.expect("run_" + std::to_string(index++), floats(sigmas));
  }
}

void run_prediction_types(const Case& c, Report& report) {
  const at::Tensor &x = c.input("x"), &raw = c.input("model_output");
  const auto expect = [&](const std::string& name, const at::Tensor& sigmas, auto scale) {
    std::vector<at::Tensor> inputs, denoised;
    const auto levels = doubles(sigmas);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      const Scalings s = scale(levels[i]);
      inputs.push_back(s.in * x[at]);
      denoised.push_back(s.skip * x[at] + s.out * raw[at]);
    }
    report.expect(name + "_input", at::stack(inputs));
    report.expect(name + "_denoised", at::stack(denoised));
  };
  const double data = c.config().at("sigma_data").at("edm");
  const at::Tensor& sigma = c.input("sigma");
  expect("epsilon", sigma, [](double s) { return scalings(Prediction::Epsilon, s); });
  expect("v_prediction", sigma, [](double s) { return scalings(Prediction::V, s); });
  expect("edm", sigma, [data](double s) { return edm_scalings(s, data); });
  expect("const", c.input("sigma_const"), [](double s) { return flow_scalings(s); });
  const double first = doubles(sigma)[0];
  report.expect("noise_scaling", raw + first * x);
  report.expect("noise_scaling_max_denoise", raw + std::sqrt(1.0 + first * first) * x);
}

}  // namespace

void run_webui_schedule(const Case& c, Report& report) {
  if (made_by(c, "KDiffusionSampler.get_sigmas")) return run_sampler_sigmas(c, report);
  if (made_by(c, "get_timesteps")) return run_timesteps(c, report);
  if (made_by(c, "setup_img2img_steps")) return run_image_to_image_steps(c, report);
  if (made_by(c, "rescale_zero_terminal_snr_sigmas")) return run_webui_zero_snr(c, report);
  if (made_by(c, "k_prediction.py Prediction")) return run_predictor(c, report);
  if (made_by(c, "calculate_denoised")) return run_prediction_types(c, report);
  if (c.config().contains("runs") && made_by(c, "beta_scheduler")) {
    return run_beta_options(c, report);
  }
  if (c.config().contains("scheduler")) return run_scheduler(c, report);
  throw Skip("schedule of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
