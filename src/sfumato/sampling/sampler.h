#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/diffusion/noise_schedule.h"

namespace sfumato {

/// One finished step, for progress bars, previews and cancellation (throw to stop).
struct Step {
  int index, count;            ///< 0-based; count == sigmas.size() - 1
  double sigma;                ///< noise level this step started from
  const at::Tensor& denoised;  ///< [B, C, H, W]
};

/// Extra noise before a step, taken out again by it (Karras et al. 2022, algorithm 2): repairs
/// errors of earlier steps at the price of determinism. Used by euler and heun.
struct Churn {
  double amount = 0.0;                                         ///< S_churn; 0 is off
  double min_sigma = 0.0;                                      ///< S_tmin
  double max_sigma = std::numeric_limits<double>::infinity();  ///< S_tmax
};

/// Everything a sampler may use besides the denoiser. No sampler touches a global generator.
struct SamplerEnv {
  /// Unit noise for the step sigma -> sigma_next, shaped like x; seeded by the caller.
  std::function<at::Tensor(double sigma, double sigma_next)> noise;
  std::function<void(const Step&)> on_step = [](const Step&) {};
  /// 0: deterministic ODE, 1: full ancestral noise (DDIM paper, eq. 16). Unset: the sampler's own
  /// habit, 0 for ddim and 1 for the ancestral ones; the others have no such noise.
  std::optional<double> eta = std::nullopt;
  double noise_scale = 1.0;  ///< S_noise: factor on every fresh draw of noise
  Churn churn = {};
  /// The estimate whose noise direction (x - D)/σ the last call stands for, where it is not the
  /// denoiser's own result: the unconditional one for CFG++ (Chung et al. 2024, arXiv:2406.08070),
  /// the one before clipping for diffusers' DDIM. Used by ddim and the euler family.
  std::function<at::Tensor()> direction = nullptr;
  /// The model's timesteps, for the samplers that think in them (tcd, sa_solver).
  const NoiseSchedule* schedule = nullptr;
};

/// Integrates the probability-flow ODE/SDE from sigmas.front() down to sigmas.back().
///   x       [B, C, H, W] at noise level sigmas.front()
///   sigmas  strictly decreasing, size >= 2; may end in 0
///   return  [B, C, H, W] at noise level sigmas.back()
using Sampler = at::Tensor (*)(const Denoiser&, at::Tensor x, std::span<const double> sigmas,
                               const SamplerEnv&);

/// What a caller must know of a sampler besides its function. Combine with |.
enum SamplerTraits : unsigned {
  kPlain = 0,
  kBrownian = 1,            ///< its noise is the increment of one Brownian path (BrownianNoise)
  kDropLastLevel = 2,       ///< wants one step more, without the level before the last
  kOwnSteps = 4,            ///< does not take the steps it is given one by one
  kTimesteps = 8,           ///< needs env.schedule
  kGuidanceDirection = 16,  ///< CFG++: needs env.direction, the unconditional estimate
  kOneImage = 64,           ///< its steps depend on the whole batch: give it one image at a time
  kConsistency = 32,        ///< needs a consistency function (consistency_denoiser)
  kTwoCalls = 128,          ///< asks the network twice a step, so prompts' steps count twice
};

struct SamplerInfo {
  std::string_view name;     ///< as typed on the command line and in the HTTP API
  std::string_view label;    ///< as pictures' metadata spell it
  std::string_view summary;  ///< one line for --help and GET /v1/samplers
  Sampler run;
  int order;                 ///< convergence order, checked by tests/unit/sampling
  bool stochastic;           ///< uses env.noise
  std::string_view spacing;  ///< the spacing it is used with unless the user names one
  unsigned traits = kPlain;
  /// By what the sampler's users divide the guidance scale (12.5 for the web interface's CFG++).
  double guidance_divisor = 1.0;

  bool has(SamplerTraits trait) const { return (traits & trait) != 0; }
};

/// All samplers, in menu order. A plain table: nothing registers itself behind your back.
std::span<const SamplerInfo> samplers();

/// Understands every name of names.h; throws InvalidArgument naming the near ones.
const SamplerInfo& find_sampler(std::string_view name);

at::Tensor ddim(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpm_2(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpm_2_ancestral(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpm_adaptive(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpm_fast(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpmpp_2m(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor dpmpp_2s_ancestral(const Denoiser&, at::Tensor, std::span<const double>,
                              const SamplerEnv&);
at::Tensor dpmpp_sde(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor er_sde(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor euler(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor euler_ancestral(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor heun(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor heunpp2(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor lcm(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor res_multistep(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor res_multistep_ancestral(const Denoiser&, at::Tensor, std::span<const double>,
                                   const SamplerEnv&);
at::Tensor restart(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor sa_solver(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor seeds_2(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor seeds_3(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);
at::Tensor tcd(const Denoiser&, at::Tensor, std::span<const double>, const SamplerEnv&);

}  // namespace sfumato
