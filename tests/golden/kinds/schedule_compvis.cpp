#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

template <class F>
at::Tensor each(const std::vector<double>& values, F function) {
  std::vector<double> out;
  for (const double v : values) out.push_back(function(v));
  return floats(out);
}

void run_buffers(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  const double v = c.config().value("v_posterior", 0.0);
  const auto prediction = parse_prediction(c.config().value("parameterization", "eps"));
  const auto& bars = schedule.alphas_cumprod();
  auto previous = bars;
  previous.insert(previous.begin(), 1.0);
  previous.pop_back();
  const Posterior p = posterior(schedule, v);

  report.expect("betas", floats(schedule.betas()));
  report.expect("alphas_cumprod", floats(bars));
  report.expect("alphas_cumprod_prev", floats(previous));
  report.expect("sqrt_alphas_cumprod", each(bars, [](double a) { return std::sqrt(a); }));
  report.expect("sqrt_one_minus_alphas_cumprod",
                each(bars, [](double a) { return std::sqrt(1 - a); }));
  report.expect("log_one_minus_alphas_cumprod",
                each(bars, [](double a) { return std::log(1 - a); }));
  report.expect("sqrt_recip_alphas_cumprod", each(bars, [](double a) { return std::sqrt(1 / a); }));
  report.expect("sqrt_recipm1_alphas_cumprod", floats(schedule.sigmas()));
  report.expect("posterior_variance", floats(p.variance));
  report.expect("posterior_log_variance_clipped", floats(p.log_variance));
  report.expect("posterior_mean_coef1", floats(p.mean_x0));
  report.expect("posterior_mean_coef2", floats(p.mean_x_t));
  report.expect("lvlb_weights", floats(vlb_weights(schedule, prediction, v)));
}

void run_ddim_parameters(const Case& c, Report& report) {
  const auto schedule = NoiseSchedule::from_alphas_cumprod(doubles(c.input("alphas_cumprod")));
  const bool quad = c.config().at("discretize") == "quad";
  const int table = c.config().at("num_ddpm_timesteps");
  for (const int steps : c.config().at("num_ddim_timesteps")) {
    const auto timesteps =
        quad ? ddim_quad_timesteps(table, steps) : ddim_uniform_timesteps(table, steps);
    auto sigmas = sigmas_at(schedule, timesteps);
    sigmas.push_back(schedule.sigma_min());  // DDIM of CompVis ends on the first table entry

    // Ascending, as the original keeps them.
    std::vector<double> ascending(timesteps.rbegin(), timesteps.rend()), alphas, alphas_prev;
    for (std::size_t i = timesteps.size(); i-- > 0;) {
      alphas.push_back(1.0 / (1.0 + sigmas[i] * sigmas[i]));
      alphas_prev.push_back(1.0 / (1.0 + sigmas[i + 1] * sigmas[i + 1]));
    }
    const std::string n = std::to_string(steps);
    report.expect("timesteps_" + n, integers(ascending));
    report.expect("alphas_" + n, floats(alphas));
    report.expect("alphas_prev_" + n, floats(alphas_prev));
    for (const double eta : c.config().at("etas")) {
      std::vector<double> noise;
      for (std::size_t i = timesteps.size(); i-- > 0;) {
        const double up = ancestral_step(sigmas[i], sigmas[i + 1], eta).up;
        noise.push_back(up / std::sqrt(1.0 + sigmas[i + 1] * sigmas[i + 1]));
      }
      report.expect("sigmas_" + n + "_eta" + shortest(eta), floats(noise));
    }
  }
}

void run_step_counts(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const int steps = line.at("steps");
    const auto timesteps = ddim_uniform_timesteps(1000, steps);
    const std::string name = "steps " + std::to_string(steps);
    report.expect_equal(name + " count", timesteps.size(), line.at("expected_count"));
    report.expect_equal(name + " last", timesteps.front(), line.at("expected_last"));
    report.expect_equal(name + " off the table", timesteps.front() >= 1000,
                        line.at("expected_index_error"));
  }
}

void run_strength(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const int steps = line.at("ddim_steps");
    const int t_enc = steps_for_strength(steps, line.at("strength"));
    const auto timesteps = ddim_uniform_timesteps(1000, steps);
    const auto visited = std::min<std::ptrdiff_t>(t_enc, timesteps.size());
    const std::vector<double> expected(timesteps.end() - visited, timesteps.end());
    const std::string name = std::to_string(steps) + " at " + shortest(line.at("strength"));
    report.expect_equal(name, t_enc, line.at("expected_t_enc"));
    report.expect_equal(name, nlohmann::json(expected), line.at("expected_timesteps"));
  }
}

void run_p_sample(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  const Posterior p = posterior(schedule);
  const at::Tensor &x = c.input("x"), &t = c.input("t");
  at::Tensor x0 = x0_from_eps(schedule, x, c.input("eps"), t);
  if (c.config().value("clip_denoised", false)) x0 = x0.clamp(-1.0, 1.0);
  report.expect("mean", posterior_mean(p, x0, x, t));
  report.expect("variance", lookup(p.variance, t, x));
  report.expect("log_variance", lookup(p.log_variance, t, x));
  report.expect("sample", posterior_sample(p, x0, x, t, c.input("noise")));
}

void run_conversions(const Case& c, Report& report) {
  const auto schedule = schedule_of(c.config());
  const Posterior p = posterior(schedule);
  const at::Tensor &x0 = c.input("x0"), &noise = c.input("noise"), &v = c.input("v");
  const at::Tensor& t = c.input("t");
  const at::Tensor x_t = add_noise(schedule, x0, noise, t);
  std::vector<double> signal, variance, log_variance;
  for (const double a : schedule.alphas_cumprod()) {
    signal.push_back(std::sqrt(a));
    variance.push_back(1.0 - a);
    log_variance.push_back(std::log(1.0 - a));
  }
  report.expect("q_sample", x_t);
  report.expect("get_v", velocity(schedule, x0, noise, t));
  report.expect("predict_start_from_noise", x0_from_eps(schedule, x_t, noise, t));
  report.expect("predict_start_from_z_and_v", x0_from_v(schedule, x_t, v, t));
  report.expect("predict_eps_from_z_and_v", eps_from_v(schedule, x_t, v, t));
  report.expect("q_mean", lookup(signal, t, x0) * x0);
  report.expect("q_variance", lookup(variance, t, x0));
  report.expect("q_log_variance", lookup(log_variance, t, x0));
  report.expect("posterior_mean", posterior_mean(p, x0, x_t, t));
  report.expect("posterior_variance", lookup(p.variance, t, x0));
  report.expect("posterior_log_variance_clipped", lookup(p.log_variance, t, x0));
  report.expect("lvlb_weights", floats(vlb_weights(schedule, Prediction::V)));
}

}  // namespace

void run_compvis_schedule(const Case& c, Report& report) {
  if (made_by(c, "register_schedule")) return run_buffers(c, report);
  if (made_by(c, "make_ddim_sampling_parameters")) return run_ddim_parameters(c, report);
  if (made_by(c, "make_ddim_timesteps")) return run_step_counts(c, report);
  if (made_by(c, "img2img.py")) return run_strength(c, report);
  if (made_by(c, "p_sample")) return run_p_sample(c, report);
  if (made_by(c, "get_v")) return run_conversions(c, report);
  throw Skip("schedule of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
