#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "golden/golden_case.h"
#include "sfumato/diffusion/denoiser.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato::golden {

/// The analytic "network" of sampler cases: the ideal denoiser of three isotropic Gaussians
/// (README-formats.md, "sampler"). Remembers what it was asked.
class Mixture {
 public:
  explicit Mixture(const Case& c);

  /// D(x; sigma) with log-weights [B, 3] in cond.vector, the case's own when absent.
  at::Tensor denoise(const at::Tensor& x, double sigma, const Conditioning& cond) const;
  /// As a sigma network; records x and sigma.
  ConditionalDenoiser denoiser();
  /// As an eps or v network on the scale that preserves the variance; records x_t and t.
  Network network(const NoiseSchedule& schedule, Prediction prediction);

  /// Compares every out/x_call_J, and out/CALLS with the times or sigmas of all calls.
  void check_calls(const Case& c, Report& report, const std::string& calls) const;

 private:
  at::Tensor means_, log_weights_;
  double std_;
  std::vector<at::Tensor> inputs_;
  std::vector<double> levels_;
};

/// The product's guided denoiser where the case has in/cond, the plain one otherwise.
Denoiser guided(const Case& c, ConditionalDenoiser denoise);
/// The log-weights of in/NAME as a conditioning.
Conditioning weights_of(const Case& c, const std::string& name);

/// Hands out in/noise one draw after the other.
SamplerEnv env_of(const Case& c);
/// The same for settings and draws [n, B, C, H, W] that lie elsewhere; no draws may be undefined.
SamplerEnv env_of(const nlohmann::json& config, const at::Tensor& draws);
Prediction prediction_of(const Case& c);
/// From the scale that preserves the variance to ours.
double growth(double sigma);

/// The table's sampler of this name, or Skip.
const SamplerInfo& sampler_or_skip(const std::string& name);

/// The sampler of a class of generative-models, or Skip.
const SamplerInfo& sgm_sampler(const std::string& class_name);
/// The noise levels of CompVis' DDIM and PLMS for config["steps"], from high to low.
std::vector<double> compvis_sigmas(const nlohmann::json& config, const NoiseSchedule& schedule);
/// CompVis' DPM_Solver.sample with the settings in `config`, from unit noise on a schedule that is
/// linear in log ᾱ; returns the latent at schedule.sigma_min(), on the scale of our samplers.
at::Tensor run_dpm_solver(const nlohmann::json& config, const Denoiser& denoise,
                          const NoiseSchedule& schedule, const at::Tensor& start);

/// Samplers that work with noise levels: k-diffusion and the web interface.
void run_sigma_sampler(const Case& c, Report& report, const std::string& name);
void run_sgm_sampler(const Case& c, Report& report);
void run_compvis_sampler(const Case& c, Report& report);
void run_compvis_dpm_solver(const Case& c, Report& report);
void run_webui_sampler(const Case& c, Report& report);
void run_webui_unipc(const Case& c, Report& report);
void run_webui_lcm(const Case& c, Report& report);
void run_diffusers_sampler(const Case& c, Report& report);

}  // namespace sfumato::golden
