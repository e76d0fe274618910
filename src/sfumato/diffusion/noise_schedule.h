#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sfumato {

/// How betas grow from start to end, as the family file spells it.
struct NoiseScheduleConfig {
  /// "linear_in_sqrt" (CompVis "linear", diffusers "scaled_linear"), "linear" (CompVis
  /// "sqrt_linear", diffusers "linear"), "sqrt" or "cosine"
  std::string betas = "linear_in_sqrt";
  double start = 0.00085, end = 0.012;
  std::int64_t steps = 1000;
  double cosine_s =
      0.008;  ///< offset of "cosine" (Nichol & Dhariwal 2021, eq. 17), unused elsewhere
  bool zero_terminal_snr = false;  ///< the last timestep is pure noise, see zero_terminal_snr()
};

/// How the schedule reads between its entries.
enum class Interpolation {
  LogSigma,  ///< linear in log σ, as k-diffusion and diffusers
  LogAlpha,  ///< linear in log ᾱ, as the DPM-Solver and UniPC codes
};

/// The forward process q(x_t | x_0) = N(sqrt(ᾱ_t) x_0, (1 - ᾱ_t) I) as an immutable table
/// (Ho et al. 2020, eq. 4), and its view as noise levels σ_t = sqrt((1 - ᾱ_t) / ᾱ_t).
class NoiseSchedule {
 public:
  explicit NoiseSchedule(const NoiseScheduleConfig& config);
  explicit NoiseSchedule(std::vector<double> betas);
  /// From ᾱ itself, as checkpoints store it.
  static NoiseSchedule from_alphas_cumprod(const std::vector<double>& alphas_cumprod);
  /// The same table, read in another way.
  NoiseSchedule interpolated(Interpolation interpolation) const;

  std::int64_t steps() const { return static_cast<std::int64_t>(betas_.size()); }
  const std::vector<double>& betas() const { return betas_; }
  /// ᾱ_t, t = 0 .. steps-1, decreasing.
  const std::vector<double>& alphas_cumprod() const { return alphas_cumprod_; }
  /// σ_t for t = 0 .. steps-1, increasing.
  const std::vector<double>& sigmas() const { return sigmas_; }
  double sigma_min() const { return sigmas_.front(); }
  double sigma_max() const { return sigmas_.back(); }

  /// σ at a timestep between table entries; t is clamped to the table.
  double sigma(double t) const;
  /// The inverse of sigma(t).
  double t(double sigma) const;
  /// The table entry nearest to a noise level, in log σ.
  std::int64_t nearest_t(double sigma) const;
  /// The table entry nearest to a noise level, in σ itself.
  std::int64_t closest_entry(double sigma) const;
  /// The noise level after a share of the timesteps, from 0 (infinite: before the start) to 1 (0:
  /// after the end). Says when something is on, whatever the sampler and its steps.
  double sigma_at_progress(double share) const;

 private:
  // What is linear between the entries, rising.
  double level(double sigma) const;
  double sigma_of(double level) const;

  std::vector<double> betas_, alphas_cumprod_, sigmas_, levels_;
  Interpolation interpolation_ = Interpolation::LogSigma;
};

/// Time in [0, 1] of the continuous process σ = tan(πt/2) that some v-prediction models use instead
/// of a table (Salimans & Ho 2022, sec. 3, "cosine").
double v_diffusion_t(double sigma);
double v_diffusion_sigma(double t);

/// ᾱ rescaled so that the last timestep is pure noise (Lin et al. 2023, arXiv:2305.08891, alg. 1),
/// apart from a trace of at most `last` that keeps σ finite.
std::vector<double> zero_terminal_snr(const std::vector<double>& alphas_cumprod,
                                      double last = 0x1p-24);

}  // namespace sfumato
