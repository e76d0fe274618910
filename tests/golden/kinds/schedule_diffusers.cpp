#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <map>

#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/sampling/diffusers_plan.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;
using Values = std::vector<double>;

void run_zero_snr(const Case& c, Report& report) {
  Values bars, betas;
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

// The first value, the others twice, and the last one more: how schedulers with two calls per step
// list their levels.
Values doubled(const Values& once, bool last_again) {
  Values twice;
  for (std::size_t i = 0; i < once.size(); ++i) {
    twice.push_back(once[i]);
    if (i > 0) twice.push_back(once[i]);
  }
  if (last_again) twice.push_back(once.back());
  return twice;
}

// Timesteps of all network calls, from those of the steps.
Values heun_calls(const SamplingPlan& plan) { return doubled(plan.timesteps, false); }

Values kdpm2_calls(const SamplingPlan& plan, bool ancestral) {
  Values calls;
  for (std::size_t i = 0; i + 1 < plan.timesteps.size(); ++i) {
    const double from = plan.sigmas[i], to = plan.sigmas[i + 1];
    const double end = ancestral ? ancestral_step(from, to, 1.0).down : to;
    calls.push_back(plan.timesteps[i]);
    calls.push_back(plan.timestep(std::sqrt(from * end)));
  }
  calls.push_back(plan.timesteps.back());
  return calls;
}

struct PndmCalls {
  Values warm_up, multistep;
};
PndmCalls pndm_calls(const SamplingPlan& plan, bool warm_up) {
  const Values& t = plan.timesteps;
  PndmCalls calls;
  if (!warm_up) {
    calls.multistep = t;
    if (t.size() > 1) calls.multistep.insert(calls.multistep.begin() + 1, t[1]);
    return calls;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const double middle = std::floor(0.5 * (t[i] + t[i + 1]));
    calls.warm_up.insert(calls.warm_up.end(), {t[i], middle, middle, t[i + 1]});
  }
  calls.multistep.assign(t.begin() + 3, t.end());
  return calls;
}

// What the case lists for one number of steps, by name without the number.
std::map<std::string, Values> listed(const DiffusersConfig& config, const SamplingPlan& plan) {
  const std::string& name = config.class_name;
  std::map<std::string, Values> values{{"timesteps", plan.timesteps}, {"sigmas", plan.sigmas}};
  const bool grows = name.find("Discrete") != std::string::npos;
  values["init_noise_sigma"] = {grows ? plan.start : 1.0};
  if (config.log_linear) values["sigmas"].push_back(0.0);
  if (name == "HeunDiscreteScheduler") {
    values["timesteps"] = heun_calls(plan);
    values["sigmas"] = doubled(plan.sigmas, false);
    values["sigmas"].pop_back();
  }
  if (name == "PNDMScheduler") {
    const auto calls = pndm_calls(plan, !config.skip_prk_steps);
    values["timesteps"] = calls.warm_up;
    values["timesteps"].insert(values["timesteps"].end(), calls.multistep.begin(),
                               calls.multistep.end());
    values["prk_timesteps"] = calls.warm_up;
    values["plms_timesteps"] = calls.multistep;
  }
  if (name.rfind("KDPM2", 0) == 0) {
    const bool ancestral = name == "KDPM2AncestralDiscreteScheduler";
    values["timesteps"] = kdpm2_calls(plan, ancestral);
    values["sigmas"] = doubled(plan.sigmas, true);
    Values down, up, middle;
    for (std::size_t i = 0; i < plan.sigmas.size(); ++i) {
      const double from = plan.sigmas[i];
      const double to = i + 1 < plan.sigmas.size() ? plan.sigmas[i + 1] : 0.0;
      const auto step = to > 0.0 ? ancestral_step(from, to, 1.0) : AncestralStep{0.0, 0.0};
      down.push_back(step.down);
      up.push_back(step.up);
      middle.push_back(std::sqrt(from * step.down));
    }
    values["sigmas_down"] = doubled(down, true);
    values["sigmas_up"] = doubled(up, true);
    values["sigmas_interpol"] = doubled(middle, true);
  }
  return values;
}

}  // namespace

DiffusersConfig diffusers_config(const json& config) {
  json named = config;
  named["_class_name"] = config.at("class_name");
  return read_diffusers_config(named);
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
  const DiffusersConfig config = diffusers_config(c.config());
  const std::string note = c.meta.value("note", "");
  for (const int steps : c.config().at("steps")) {
    SamplingPlan plan = diffusers_levels(config, steps);
    if (note.find("strength=0.6") != std::string::npos) {
      plan.timesteps = consistency_timesteps(1000, config.original_inference_steps, steps, 0.6);
    }
    for (const auto& [name, values] : listed(config, plan)) {
      const std::string numbered = name + "_" + std::to_string(steps);
      const auto found = c.outputs.find(numbered);
      if (found == c.outputs.end() || found->second.numel() == 0) continue;
      const at::Tensor& want = found->second;
      Values got = values;
      // Some lists end earlier by entries that are never used.
      if (want.numel() < static_cast<std::int64_t>(got.size())) got.resize(want.numel());
      const bool whole = want.scalar_type() == at::kLong;
      report.expect(numbered, (whole ? integers(got) : floats(got)).reshape(want.sizes()));
    }
  }
}

}  // namespace sfumato::golden
