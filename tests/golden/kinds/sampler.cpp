#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <utility>

#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/base/error.h"
#include "sfumato/diffusion/guidance.h"

namespace sfumato::golden {

Mixture::Mixture(const Case& c)
    : means_(c.input("means").to(at::kDouble)), std_(c.config().at("std").get<double>()) {
  const auto weights = c.config().find("log_weights");
  if (weights != c.config().end()) {
    log_weights_ = at::tensor(weights->get<std::vector<double>>(), at::kDouble).unsqueeze(0);
  } else {
    log_weights_ = c.input("cond").to(at::kDouble);
  }
}

at::Tensor Mixture::denoise(const at::Tensor& x, double sigma, const Conditioning& cond) const {
  const double variance = std_ * std_ + sigma * sigma;
  const at::Tensor wide = x.to(at::kDouble).unsqueeze(1);  // [B, 1, C, H, W]
  const at::Tensor means = means_.unsqueeze(0);            // [1, 3, C, 1, W]
  const at::Tensor log_weights = cond.vector ? cond.vector->to(at::kDouble) : log_weights_;
  const at::Tensor distance = (wide - means).square().sum({2, 3, 4});  // [B, 3]
  const at::Tensor r = at::softmax(log_weights - distance / (2.0 * variance), 1);
  const at::Tensor each = (means * (sigma * sigma) + wide * (std_ * std_)) / variance;
  return (r.reshape({x.size(0), -1, 1, 1, 1}) * each).sum(1).to(x.scalar_type());
}

ConditionalDenoiser Mixture::denoiser() {
  return [this](const at::Tensor& x, double sigma, const Conditioning& cond) {
    inputs_.push_back(x);
    levels_.push_back(sigma);
    return denoise(x, sigma, cond);
  };
}

Network Mixture::network(const NoiseSchedule& schedule, Prediction prediction) {
  return [this, schedule, prediction](const at::Tensor& x_t, const at::Tensor& t,
                                      const Conditioning& cond) {
    inputs_.push_back(x_t);
    levels_.push_back(t[0].item<double>());
    const double sigma = schedule.sigma(levels_.back());
    const double scale = std::sqrt(1.0 + sigma * sigma);
    const at::Tensor x = x_t.to(at::kDouble) * scale;
    const at::Tensor x0 = denoise(x, sigma, cond);
    const at::Tensor eps = (x - x0) / sigma;
    return (prediction == Prediction::V ? (eps - sigma * x0) / scale : eps).to(at::kFloat);
  };
}

void Mixture::check_calls(const Case& c, Report& report, const std::string& calls) const {
  const std::string prefix = "x_call_";
  for (const auto& [name, want] : c.outputs) {
    if (name.rfind(prefix, 0) != 0) continue;
    const auto call = std::stoul(name.substr(prefix.size()));
    if (call >= inputs_.size()) {
      report.expect_equal("network calls", inputs_.size(), c.config().at("model_calls"));
      continue;
    }
    // With guidance the batch holds both halves, which are equal.
    report.expect(name, inputs_[call].narrow(0, 0, want.size(0)));
  }
  report.expect(calls, floats(levels_));
}

Conditioning weights_of(const Case& c, const std::string& name) {
  return {.context = {}, .vector = c.input(name), .concat = {}};
}

Denoiser guided(const Case& c, ConditionalDenoiser denoise) {
  if (!c.has_input("cond")) {
    return [denoise](const at::Tensor& x, double sigma) { return denoise(x, sigma, {}); };
  }
  const Conditioning cond = weights_of(c, "cond");
  const Conditioning uncond = c.has_input("uncond") ? weights_of(c, "uncond") : cond;
  return classifier_free(std::move(denoise), cond, uncond, c.config().value("guidance_scale", 1.0));
}

Prediction prediction_of(const Case& c) {
  return parse_prediction(c.config().value("prediction", "eps"));
}

double growth(double sigma) { return std::sqrt(1.0 + sigma * sigma); }

SamplerEnv env_of(const Case& c) {
  return env_of(c.config(), c.has_input("noise") ? c.input("noise") : at::Tensor());
}

SamplerEnv env_of(const nlohmann::json& config, const at::Tensor& draws) {
  SamplerEnv env;
  if (draws.defined()) {
    env.noise = [draws, next = std::make_shared<std::int64_t>(0)](double, double) {
      if (*next >= draws.size(0)) {
        throw std::runtime_error("more noise asked for than the original");
      }
      return draws[(*next)++];
    };
  }
  if (config.contains("eta")) env.eta = config.at("eta").get<double>();
  env.noise_scale = config.value("s_noise", config.value("temperature", 1.0));
  env.churn.amount = config.value("s_churn", 0.0);
  env.churn.min_sigma = config.value("s_tmin", env.churn.min_sigma);
  env.churn.max_sigma = config.value("s_tmax", env.churn.max_sigma);
  return env;
}

const SamplerInfo& sampler_or_skip(const std::string& name) {
  try {
    return find_sampler(name);
  } catch (const Error&) {
    throw Skip("sampler " + name);
  }
}

void run_sampler(const Case& c, Report& report) {
  const std::string source = c.meta.at("source");
  if (made_by(c, "generative-models@")) return run_sgm_sampler(c, report);
  if (made_by(c, "diffusers@")) return run_diffusers_sampler(c, report);
  if (made_by(c, "dpm_solver/")) return run_compvis_dpm_solver(c, report);
  if (made_by(c, "ldm/models/diffusion/")) return run_compvis_sampler(c, report);
  if (made_by(c, "LCMCompVisDenoiser")) return run_webui_lcm(c, report);
  if (made_by(c, "uni_pc.py")) return run_webui_unipc(c, report);
  if (made_by(c, "sd_samplers_timesteps_impl.py")) return run_webui_sampler(c, report);
  if (made_by(c, "restart_sampler")) return run_sigma_sampler(c, report, "restart");
  const std::string prefix = "sample_";
  const auto found = source.rfind(prefix);
  if (found == std::string::npos) throw Skip("sampler of " + source);
  run_sigma_sampler(c, report, source.substr(found + prefix.size()));
}

}  // namespace sfumato::golden
