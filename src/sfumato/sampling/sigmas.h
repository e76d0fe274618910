#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sfumato/diffusion/noise_schedule.h"

namespace sfumato {

/// A spacing says where the steps fall: `steps` noise levels, strictly decreasing from about
/// sigma_max, with a final 0 appended (size steps + 1). Only "ddim_uniform" may return more or
/// fewer, because it walks the table with a whole-numbered stride as the original does, and only
/// "kl_optimal" ends on sigma_min instead of 0.
using Spacing = std::vector<double> (*)(const NoiseSchedule& schedule, int steps);

struct SpacingInfo {
  std::string_view name;     ///< as typed on the command line: "discrete", "karras", ...
  std::string_view summary;  ///< one line for help
  Spacing sigmas;
};

std::span<const SpacingInfo> spacings();
/// Understands every name of names.h; throws InvalidArgument naming the near ones.
const SpacingInfo& find_spacing(std::string_view name);

/// Karras et al. 2022, eq. 5, without the final 0.
std::vector<double> karras_sigmas(int steps, double sigma_min, double sigma_max, double rho = 7.0);
/// Without the level before the last, for samplers that take too small a last step otherwise.
/// Compute one step more, then discard.
std::vector<double> discard_penultimate(std::vector<double> sigmas);
/// Equal steps in log σ, without the final 0.
std::vector<double> exponential_sigmas(int steps, double sigma_min, double sigma_max);
/// Steps in log σ that grow with the power rho; rho == 1 is exponential. Without the final 0.
std::vector<double> polyexponential_sigmas(int steps, double sigma_min, double sigma_max,
                                           double rho);
/// Equal steps in arctan σ: steps + 1 levels from sigma_max to sigma_min (Sabour et al. 2024,
/// arXiv:2404.14507, app. "KL-optimal").
std::vector<double> kl_optimal_sigmas(int steps, double sigma_min, double sigma_max);
/// Quantiles of a beta distribution between sigma_min and sigma_max (Lee et al. 2024,
/// arXiv:2407.12173), without the final 0.
std::vector<double> beta_sigmas(int steps, double sigma_min, double sigma_max, double alpha = 0.6,
                                double beta = 0.6);
/// Equal steps in the time of the continuous variance-preserving process (Song et al. 2021, app. C;
/// Karras et al. 2022, table 1, column "VP"), from t = 1 to eps_s, without the final 0.
std::vector<double> vp_sigmas(int steps, double beta_d = 19.9, double beta_min = 0.1,
                              double eps_s = 1e-3);

/// The noise levels of timesteps, in their order; between table entries as NoiseSchedule::sigma.
std::vector<double> sigmas_at(const NoiseSchedule& schedule, const std::vector<double>& timesteps);

}  // namespace sfumato
