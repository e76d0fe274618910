#include <array>
#include <utility>

#include "sfumato/sampling/dpm_solver.h"
#include "sfumato/sampling/multistep.h"
#include "sfumato/sampling/names.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/unipc.h"

namespace sfumato {
namespace {

using Levels = std::span<const double>;

// Samplers that are a general solver with one setting.

using Start = MultistepOptions::Start;

template <SlopeWeights kWeights, int kOrder, Start kStart = Start::Lower>
at::Tensor multistep(const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
  return linear_multistep(denoise, std::move(x), sigmas, env,
                          {.weights = kWeights, .order = kOrder, .start = kStart});
}

template <int kOrder, bool kHeun>
at::Tensor dpmpp_sde_multistep(const Denoiser& denoise, at::Tensor x, Levels sigmas,
                               const SamplerEnv& env) {
  return dpm_solver_multistep(denoise, std::move(x), sigmas, env,
                              {.order = kOrder, .heun = kHeun, .eta = env.eta.value_or(1.0)});
}

template <int kOrder, UniPcVariant kVariant>
at::Tensor uni_pc(const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
  return unipc(denoise, std::move(x), sigmas, env, {.order = kOrder, .variant = kVariant});
}

// With the noise switched on or off whatever the caller's eta.
template <Sampler kSampler, int kEta>
at::Tensor with_eta(const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
  SamplerEnv own = env;
  own.eta = kEta;
  return kSampler(denoise, std::move(x), sigmas, own);
}

constexpr std::array kSamplers{
    SamplerInfo{"dpmpp_2m", "DPM++ 2M", "DPM-Solver++ 2M: second order, one network call per step",
                dpmpp_2m, 2, false, "karras"},
    SamplerInfo{"dpmpp_sde", "DPM++ SDE", "DPM-Solver++ for the SDE, two network calls per step",
                dpmpp_sde, 2, true, "karras", kBrownian | kTwoCalls},
    SamplerInfo{"dpmpp_2m_sde", "DPM++ 2M SDE", "DPM-Solver++ 2M for the SDE",
                dpmpp_sde_multistep<2, false>, 2, true, "exponential", kBrownian},
    SamplerInfo{"dpmpp_2m_sde_heun", "DPM++ 2M SDE Heun", "the same with the integral of the slope",
                dpmpp_sde_multistep<2, true>, 2, true, "exponential", kBrownian},
    SamplerInfo{"dpmpp_2s_ancestral", "DPM++ 2S a",
                "DPM-Solver++ 2S with fresh noise, two network calls per step", dpmpp_2s_ancestral,
                2, true, "karras", kTwoCalls},
    SamplerInfo{"dpmpp_3m_sde", "DPM++ 3M SDE", "DPM-Solver++ 3M for the SDE",
                dpmpp_sde_multistep<3, true>, 3, true, "exponential", kBrownian | kDropLastLevel},
    SamplerInfo{"euler_ancestral", "Euler a", "Euler with fresh noise at every step",
                euler_ancestral, 1, true, "discrete"},
    SamplerInfo{"euler", "Euler", "Euler: first order, deterministic", euler, 1, false, "discrete"},
    SamplerInfo{"lms", "LMS", "linear multistep of order 4", multistep<lms_weights, 4>, 2, false,
                "discrete"},
    SamplerInfo{"heun", "Heun", "Heun: second order, two network calls per step", heun, 2, false,
                "karras", kTwoCalls},
    SamplerInfo{"dpm_2", "DPM2", "midpoint rule in log noise, two network calls per step", dpm_2, 2,
                false, "karras", kDropLastLevel | kTwoCalls},
    SamplerInfo{"dpm_2_ancestral", "DPM2 a", "the same with fresh noise", dpm_2_ancestral, 2, true,
                "karras", kDropLastLevel | kTwoCalls},
    SamplerInfo{"dpm_fast", "DPM fast", "singlestep DPM-Solver of order 3; spaces its steps itself",
                dpm_fast, 3, false, "discrete", kOwnSteps},
    SamplerInfo{"dpm_adaptive", "DPM adaptive", "DPM-Solver with as many steps as it needs",
                dpm_adaptive, 3, false, "discrete", kOwnSteps | kOneImage},
    SamplerInfo{"restart", "Restart", "Heun, with parts of the way taken again after fresh noise",
                restart, 2, true, "karras", kOwnSteps | kTwoCalls},
    SamplerInfo{"heunpp2", "HeunPP2", "Heun with up to three network calls per step", heunpp2, 1,
                false, "discrete"},
    SamplerInfo{"ipndm", "IPNDM", "Adams-Bashforth of order 4 as for equal steps",
                multistep<ipndm_weights, 4>, 2, false, "discrete"},
    SamplerInfo{"ipndm_v", "IPNDM_V", "Adams-Bashforth of order 4 for unequal steps",
                multistep<ipndm_v_weights, 4>, 2, false, "discrete"},
    SamplerInfo{"deis", "DEIS", "exponential integrator of order 3", multistep<deis_weights, 3>, 2,
                false, "discrete"},
    SamplerInfo{"ddim", "DDIM", "Euler on the timesteps of its paper; noise with eta > 0", ddim, 1,
                false, "ddim_uniform"},
    SamplerInfo{"ddim_cfg_pp", "DDIM CFG++", "DDIM along the unconditional noise", ddim, 1, false,
                "ddim_uniform", kGuidanceDirection, 12.5},
    SamplerInfo{"plms", "PLMS", "pseudo linear multistep of order 4, after a step of Heun",
                multistep<plms_weights, 4, Start::Heun>, 2, false, "ddim_uniform"},
    SamplerInfo{"uni_pc", "UniPC", "predictor and corrector of order 3, one network call per step",
                uni_pc<3, UniPcVariant::Bh1>, 2, false, "discrete"},
    SamplerInfo{"uni_pc_bh2", "UniPC BH2", "the same of order 2 for guided sampling",
                uni_pc<2, UniPcVariant::Bh2>, 2, false, "discrete"},
    SamplerInfo{"lcm", "LCM", "for latent consistency models: 1 to 8 steps", lcm, 1, true, "lcm",
                kConsistency},
    SamplerInfo{"ddpm", "DDPM", "the chain that the model was trained to reverse",
                with_eta<euler_ancestral, 1>, 1, true, "discrete"},
    SamplerInfo{"tcd", "TCD", "for trajectory consistency models: 1 to 8 steps", tcd, 1, true,
                "simple", kTimesteps},
    SamplerInfo{"dpmpp_2s", "DPM++ 2S", "DPM-Solver++ 2S, two network calls per step",
                with_eta<dpmpp_2s_ancestral, 0>, 2, false, "karras", kTwoCalls},
    SamplerInfo{"euler_cfg_pp", "Euler CFG++", "Euler along the unconditional noise", euler, 1,
                false, "discrete", kGuidanceDirection},
    SamplerInfo{"euler_ancestral_cfg_pp", "Euler a CFG++", "the same with fresh noise",
                euler_ancestral, 1, true, "discrete", kGuidanceDirection},
    SamplerInfo{"er_sde", "ER SDE", "extended reverse SDE of order 3", er_sde, 3, true, "discrete"},
    SamplerInfo{"seeds_2", "SEEDS 2", "exponential Runge-Kutta for the SDE, two calls per step",
                seeds_2, 2, true, "discrete"},
    SamplerInfo{"seeds_3", "SEEDS 3", "exponential Runge-Kutta for the SDE, three calls per step",
                seeds_3, 3, true, "discrete"},
    SamplerInfo{"res_multistep", "RES multistep", "refined exponential solver of second order",
                res_multistep, 2, false, "discrete"},
    SamplerInfo{"res_multistep_ancestral", "RES multistep a", "the same with fresh noise",
                res_multistep_ancestral, 2, true, "discrete"},
    SamplerInfo{"sa_solver", "SA-Solver", "stochastic Adams predictor and corrector", sa_solver, 3,
                true, "discrete", kTimesteps},
    SamplerInfo{"gradient_estimation", "Gradient estimation", "Euler with twice the newest slope",
                multistep<gradient_estimation_weights, 2>, 1, false, "discrete"},
};

}  // namespace

std::span<const SamplerInfo> samplers() { return kSamplers; }

const SamplerInfo& find_sampler(std::string_view name) {
  const std::string_view ours = resolve_sampler(name).sampler;
  for (const auto& s : kSamplers) {
    if (s.name == ours) return s;
  }
  throw unknown_sampler(name);
}

}  // namespace sfumato
