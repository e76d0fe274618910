#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/denoiser.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/slope_weights.h"

namespace sfumato::golden {
namespace {

std::vector<double> with_zero(std::vector<double> sigmas) {
  sigmas.push_back(0.0);
  return sigmas;
}

void run_continuous(const Case& c, Report& report) {
  for (const auto& run : c.config().at("runs")) {
    if (run.contains("vp")) {
      const int n = run.at("vp");
      report.expect(
          "vp_" + std::to_string(n),
          floats(with_zero(vp_sigmas(n, run.at("beta_d"), run.at("beta_min"), run.at("eps_s")))));
      continue;
    }
    const std::string id = std::string("_") + std::to_string(run.at("id").get<int>());
    const int n = run.at("n");
    const double low = run.at("sigma_min"), high = run.at("sigma_max");
    report.expect("karras" + id, floats(with_zero(karras_sigmas(n, low, high, run.at("rho")))));
    report.expect("exponential" + id, floats(with_zero(exponential_sigmas(n, low, high))));
    report.expect("polyexponential" + id,
                  floats(with_zero(polyexponential_sigmas(n, low, high, run.at("poly_rho")))));
  }
}

void run_discrete(const Case& c, Report& report) {
  const auto schedule = NoiseSchedule::from_alphas_cumprod(doubles(c.input("alphas_cumprod")));
  const auto map = [](const at::Tensor& in, auto function) {
    std::vector<double> out;
    for (const double v : doubles(in)) out.push_back(function(v));
    return out;
  };
  const auto scale = [](auto member) {
    return [member](double sigma) { return scalings(Prediction::Epsilon, sigma).*member; };
  };
  const auto& sigma = c.input("sigma");
  report.expect("sigmas", floats(schedule.sigmas()));
  report.expect("log_sigmas", floats(schedule.sigmas()).log());
  report.expect("sigma_to_t", floats(map(sigma, [&](double s) { return schedule.t(s); })));
  report.expect(
      "sigma_to_t_quantized",
      integers(map(sigma, [&](double s) { return static_cast<double>(schedule.nearest_t(s)); })));
  report.expect("t_to_sigma",
                floats(map(c.input("t"), [&](double t) { return schedule.sigma(t); })));
  report.expect("eps_c_out", floats(map(sigma, scale(&Scalings::out))));
  report.expect("eps_c_in", floats(map(sigma, scale(&Scalings::in))));
  const auto& all = schedule.sigmas();
  report.expect("get_sigmas_all", floats(with_zero({all.rbegin(), all.rend()})));
  for (const int n : c.config().at("steps")) {
    report.expect("get_sigmas_" + std::to_string(n),
                  floats(find_spacing("discrete").sigmas(schedule, n)));
  }
}

void run_denoisers(const Case& c, Report& report) {
  const auto schedule = NoiseSchedule::from_alphas_cumprod(doubles(c.input("alphas_cumprod")));
  const at::Tensor &x = c.input("x"), &noise = c.input("noise"), &raw = c.input("model_output");
  const auto sigmas = doubles(c.input("sigma"));
  const auto images = static_cast<std::int64_t>(sigmas.size());
  for (const auto prediction : {Prediction::Epsilon, Prediction::V}) {
    std::vector<at::Tensor> denoised, inputs, times, losses;
    for (std::int64_t i = 0; i < images; ++i) {
      const auto item = [i](const at::Tensor& all) { return all.narrow(0, i, 1); };
      const Network network = [&](const at::Tensor& x_t, const at::Tensor& t, const Conditioning&) {
        inputs.push_back(x_t);
        times.push_back(t);
        return item(raw);
      };
      const auto denoise = make_denoiser(network, schedule, prediction);
      denoised.push_back(denoise(item(x), sigmas[i], {}));
      const auto [skip, out, in] = scalings(prediction, sigmas[i]);
      const at::Tensor target = (item(x) - skip * (item(x) + sigmas[i] * item(noise))) / out;
      losses.push_back((item(raw) - target).square().flatten(1).mean(1));
    }
    const std::string name(prediction_name(prediction));
    report.expect(name + "_denoised", at::cat(denoised));
    report.expect(name + "_model_input", at::cat(inputs));
    report.expect(name + "_model_t", at::cat(times));
    report.expect(name + "_loss", at::cat(losses));
  }

  std::vector<double> skips, outs, ins, times;
  for (const double sigma : doubles(c.input("sigma_many"))) {
    const auto [skip, out, in] = scalings(Prediction::V, sigma);
    skips.push_back(skip);
    outs.push_back(out);
    ins.push_back(in);
    times.push_back(v_diffusion_t(sigma));
  }
  report.expect("v_c_skip", floats(skips));
  report.expect("v_c_out", floats(outs));
  report.expect("v_c_in", floats(ins));
  report.expect("vcont_sigma_to_t", floats(times));
  std::vector<double> back;
  for (const double t : doubles(c.input("t01"))) back.push_back(v_diffusion_sigma(t));
  report.expect("vcont_t_to_sigma", floats(back));
}

void run_ancestral(const Case& c, Report& report) {
  for (const double eta : c.config().at("etas")) {
    const auto from = doubles(c.input("sigma_from")), to = doubles(c.input("sigma_to"));
    std::vector<double> down, up;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const auto step = ancestral_step(from[i], to[i], eta);
      down.push_back(step.down);
      up.push_back(step.up);
    }
    report.expect("sigma_down_eta" + shortest(eta), floats(down));
    report.expect("sigma_up_eta" + shortest(eta), floats(up));
  }
  const auto sigmas = doubles(c.input("lms_sigmas"));
  const int most = c.config().at("lms_order");
  for (int i = 0; i + 1 < static_cast<int>(sigmas.size()); ++i) {
    report.expect("lms_coeff_" + std::to_string(i),
                  floats(lms_weights(sigmas, i, std::min(i + 1, most))));
  }
}

}  // namespace

void run_kdiffusion_schedule(const Case& c, Report& report) {
  if (made_by(c, "get_sigmas_karras")) return run_continuous(c, report);
  if (made_by(c, "VDenoiser")) return run_denoisers(c, report);
  if (made_by(c, "DiscreteSchedule")) return run_discrete(c, report);
  if (made_by(c, "get_ancestral_step")) return run_ancestral(c, report);
  throw Skip("schedule of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
