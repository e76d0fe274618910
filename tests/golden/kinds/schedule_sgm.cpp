#include <ATen/ATen.h>

#include <algorithm>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/denoiser.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

void run_discretization(const Case& c, Report& report) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto& edm = c.config().at("edm");
  const auto has = [&](const std::string& name) { return c.outputs.count(name) > 0; };
  for (const int n : c.config().at("steps")) {
    const std::string suffix = std::string("_") + std::to_string(n);
    auto sigmas = find_spacing("sgm_legacy").sigmas(schedule, n);
    report.expect("legacy" + suffix, floats(sigmas));
    if (has("legacy_nozero_flip" + suffix)) {
      report.expect("legacy_nozero_flip" + suffix, floats({sigmas.rbegin() + 1, sigmas.rend()}));
    }
    if (has("edm" + suffix)) {
      auto karras = karras_sigmas(n, edm.at("sigma_min"), edm.at("sigma_max"), edm.at("rho"));
      karras.push_back(0.0);
      report.expect("edm" + suffix, floats(karras));
    }
    if (has("steps" + suffix)) {
      auto timesteps = sgm_timesteps(1000, n);
      std::reverse(timesteps.begin(), timesteps.end());
      report.expect("steps" + suffix, integers(timesteps));
    }
  }
  if (c.config().contains("legacy_custom")) {
    const auto& custom = c.config().at("legacy_custom");
    report.expect("legacy_custom",
                  floats(find_spacing("sgm_legacy").sigmas(schedule_of(custom), custom.at("n"))));
  }
}

void run_scaling(const Case& c, Report& report) {
  const double data = c.config().at("edm_sigma_data");
  const auto sigmas = doubles(c.input("sigma"));
  const auto each = [&](auto function) {
    std::vector<double> values;
    for (const double sigma : sigmas) values.push_back(function(sigma));
    return floats(values);
  };
  const auto expect = [&](const std::string& name, auto scale, auto time) {
    report.expect(name + "_c_skip", each([&](double s) { return scale(s).skip; }));
    report.expect(name + "_c_out", each([&](double s) { return scale(s).out; }));
    report.expect(name + "_c_in", each([&](double s) { return scale(s).in; }));
    report.expect(name + "_c_noise", each(time));
  };
  const auto eps = [](double s) { return scalings(Prediction::Epsilon, s); };
  const auto v = [](double s) { return scalings(Prediction::V, s); };
  const auto sigma_itself = [](double s) { return s; };
  expect(
      "edm", [data](double s) { return edm_scalings(s, data); }, edm_time);
  expect("eps", eps, sigma_itself);
  expect("v", v, sigma_itself);
  expect("v_edm_cnoise", v, edm_time);
  report.expect("weight_unit", each([](double) { return 1.0; }));
  report.expect("weight_edm", each([data](double s) { return edm_loss_weight(s, data); }));
  report.expect("weight_v", each([](double s) { return edm_loss_weight(s, 1.0); }));
  report.expect("weight_eps", each([](double s) { return 1.0 / (s * s); }));
}

void run_discrete_denoiser(const Case& c, Report& report) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto sigmas = doubles(c.input("sigma"));
  std::vector<double> entries, levels;
  for (const double sigma : sigmas) {
    const auto entry = schedule.closest_entry(sigma);
    entries.push_back(static_cast<double>(entry));
    levels.push_back(schedule.sigmas()[entry]);
  }
  report.expect("sigma_to_idx", integers(entries));
  for (const auto prediction : {Prediction::Epsilon, Prediction::V}) {
    std::vector<at::Tensor> denoised, inputs;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const auto item = [&](const std::string& name) {
        return c.input(name).narrow(0, static_cast<std::int64_t>(i), 1);
      };
      const Network network = [&](const at::Tensor& x_t, const at::Tensor&, const Conditioning&) {
        inputs.push_back(x_t);
        return item("model_output");
      };
      const auto denoise = make_denoiser(network, schedule, prediction);
      denoised.push_back(denoise(item("x"), levels[i], {}));
    }
    const std::string name(prediction_name(prediction));
    for (const std::string kind : {"_quant", "_noquant"}) {
      report.expect(name + kind + "_denoised", at::cat(denoised));
      report.expect(name + kind + "_net_input", at::cat(inputs));
    }
    report.expect(name + "_quant_c_noise", integers(entries));
    report.expect(name + "_noquant_c_noise", floats(levels));
  }
}

}  // namespace

void run_sgm_schedule(const Case& c, Report& report) {
  if (made_by(c, "discretizer.py")) return run_discretization(c, report);
  if (made_by(c, "denoiser_scaling.py")) return run_scaling(c, report);
  if (made_by(c, "DiscreteDenoiser")) return run_discrete_denoiser(c, report);
  throw Skip("schedule of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
