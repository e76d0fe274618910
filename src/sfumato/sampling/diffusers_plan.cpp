#include "sfumato/sampling/diffusers_plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "sfumato/diffusion/dynamic_threshold.h"
#include "sfumato/sampling/dpm_solver.h"
#include "sfumato/sampling/grid_singlestep.h"
#include "sfumato/sampling/multistep.h"
#include "sfumato/sampling/ode.h"
#include "sfumato/sampling/sa_solver.h"
#include "sfumato/sampling/unipc.h"

namespace sfumato {
namespace {

using Levels = std::span<const double>;
using Solver = std::function<at::Tensor(const Denoiser&, at::Tensor, Levels, const SamplerEnv&)>;

constexpr int kFewSteps = 15;  // below this count the last steps have lower orders

// DDPM whose noise has the deviation of the forward step ("fixed_large").
at::Tensor ddpm_fixed_large(const Denoiser& denoise, at::Tensor x, Levels sigmas,
                            const SamplerEnv& env) {
  const int count = check_sigmas(sigmas);
  for (int i = 0; i < count; ++i) {
    const double from = sigmas[i], to = sigmas[i + 1];
    const at::Tensor denoised = denoise(x, from);
    env.on_step({i, count, from, denoised});
    if (to == 0.0) {
      x = denoised;
    } else {
      x = x + (ancestral_step(from, to, 1.0).down - from) * slope(x, denoised, from);
    }
    // β / ᾱ' of the step, also on the last one unless it starts at timestep 0.
    const double up = std::sqrt((1.0 + to * to) * (from * from - to * to) / (1.0 + from * from));
    const bool from_zero = env.schedule && env.schedule->t(from) < 0.5;
    if (!from_zero) x = x + up * fresh_noise(env, from, to);
  }
  return x;
}

DpmSolverOptions dpm_options(const DiffusersConfig& c, int steps) {
  return {.order = c.solver_order,
          .predict_x0 = c.algorithm_type != "dpmsolver",
          .heun = c.solver_type == "heun",
          .eta = c.algorithm_type == "sde-dpmsolver++" ? 1.0 : 0.0,
          .taper = c.lower_order_final && steps < kFewSteps,
          .euler_at_final = c.euler_at_final};
}

Solver dpm(const DiffusersConfig& c, int steps) {
  return [options = dpm_options(c, steps)](const Denoiser& denoise, at::Tensor x, Levels sigmas,
                                           const SamplerEnv& env) {
    return dpm_solver_multistep(denoise, std::move(x), sigmas, env, options);
  };
}

Solver singlestep(const DiffusersConfig& c, int steps, int first) {
  GridSinglestepOptions options{.orders = grid_orders(steps, c.solver_order, c.ends_at_zero),
                                .predict_x0 = c.algorithm_type != "dpmsolver",
                                .heun = c.solver_type == "heun"};
  if (first > 0) {
    options.orders.erase(options.orders.begin(), options.orders.begin() + first);
    options.orders.front() = 1;  // there is nothing before it
  }
  return [options](const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
    return grid_singlestep(denoise, std::move(x), sigmas, env, options);
  };
}

Solver uni_pc_solver(const DiffusersConfig& c, int first) {
  UniPcOptions options{.order = c.solver_order,
                       .variant = c.solver_type == "bh1" ? UniPcVariant::Bh1 : UniPcVariant::Bh2,
                       .predict_x0 = c.predict_x0,
                       .taper = c.lower_order_final,
                       .uncorrected = c.disable_corrector};
  for (int& step : options.uncorrected) step -= first;
  return [options](const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
    return unipc(denoise, std::move(x), sigmas, env, options);
  };
}

Solver multistep_solver(MultistepOptions options) {
  return [options](const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
    return linear_multistep(denoise, std::move(x), sigmas, env, options);
  };
}

// Fresh noise between the timesteps 200 and 800 only.
Solver sa(const DiffusersConfig& c) {
  SaSolverOptions options;
  options.predictor_order = c.predictor_order;
  options.corrector_order = c.corrector_order;
  options.simple_order_2 = true;
  options.corrector_tail = 2;
  options.tau = [schedule = c.schedule](double from, double) {
    const auto t = schedule.nearest_t(from);
    return t >= 200 && t <= 800 ? 1.0 : 0.0;
  };
  return [options](const Denoiser& denoise, at::Tensor x, Levels sigmas, const SamplerEnv& env) {
    return sa_solver_with(denoise, std::move(x), sigmas, env, options);
  };
}

MultistepOptions pndm_options(const DiffusersConfig& c) {
  MultistepOptions options{.weights = ipndm_weights, .start = MultistepOptions::Start::Heun};
  if (!c.skip_prk_steps) {
    options.start = MultistepOptions::Start::RungeKutta;
    options.middle = [schedule = c.schedule](double from, double to) {
      // Whole timesteps, halves rounded down.
      return schedule.sigma(std::floor(0.5 * (schedule.t(from) + schedule.t(to)) + 1e-6));
    };
  }
  return options;
}

Solver ddpm(const DiffusersConfig& c) {
  if (c.fixed_large) return ddpm_fixed_large;
  return find_sampler("ddpm").run;
}

// Of the steps from the `first` on.
Solver solver_of(const DiffusersConfig& c, int steps, int first) {
  const std::string& name = c.class_name;
  if (name == "DDIMScheduler") return ddim;
  if (name == "DDPMScheduler") return ddpm(c);
  if (name == "DEISMultistepScheduler") {
    return multistep_solver({.weights = deis_log_weights,
                             .order = c.solver_order,
                             .taper = c.lower_order_final && steps < kFewSteps});
  }
  if (name == "DPMSolverMultistepScheduler") return dpm(c, steps);
  if (name == "DPMSolverSinglestepScheduler") return singlestep(c, steps, first);
  if (name == "EulerAncestralDiscreteScheduler") return euler_ancestral;
  if (name == "EulerDiscreteScheduler") return euler;
  if (name == "HeunDiscreteScheduler") return heun;
  if (name == "KDPM2AncestralDiscreteScheduler") return dpm_2_ancestral;
  if (name == "KDPM2DiscreteScheduler") return dpm_2;
  if (name == "LCMScheduler") return lcm;
  if (name == "LMSDiscreteScheduler") return multistep_solver({.weights = lms_weights, .order = 4});
  if (name == "PNDMScheduler") return multistep_solver(pndm_options(c));
  if (name == "SASolverScheduler") return sa(c);
  if (name == "TCDScheduler") return tcd;
  return uni_pc_solver(c, first);
}

using Limit = std::function<at::Tensor(const at::Tensor&)>;

// What clipping does to the estimate; nothing is null.
Limit limit_of(const DiffusersConfig& c) {
  if (c.thresholding) {
    return [ratio = c.dynamic_thresholding_ratio, most = c.sample_max_value](const at::Tensor& d) {
      return dynamic_threshold(d, ratio, most);
    };
  }
  if (!c.clip_sample) return nullptr;
  return [range = c.clip_sample_range](const at::Tensor& d) { return d.clamp(-range, range); };
}

}  // namespace

SamplingPlan plan_diffusers(const DiffusersConfig& c, int steps, std::optional<int> last_steps) {
  SamplingPlan plan = diffusers_levels(c, steps);
  const int all = static_cast<int>(plan.sigmas.size()) - 1;
  const int first = all - std::clamp(last_steps.value_or(all), 1, all);
  plan.sigmas.erase(plan.sigmas.begin(), plan.sigmas.begin() + first);
  plan.timesteps.erase(plan.timesteps.begin(), plan.timesteps.begin() + first);
  plan.consistency = c.class_name == "LCMScheduler";
  plan.schedule = c.schedule;
  // DDIM keeps the noise that belongs to the estimate before clipping.
  const bool keeps_direction = c.class_name == "DDIMScheduler";
  plan.run = [solver = solver_of(c, steps, first), limit = limit_of(c), sigmas = plan.sigmas,
              schedule = c.schedule,
              keeps_direction](const Denoiser& denoise, at::Tensor x, const SamplerEnv& env) {
    SamplerEnv own = env;
    own.schedule = &schedule;
    if (!limit) return solver(denoise, std::move(x), sigmas, own);
    const auto before = std::make_shared<at::Tensor>();
    if (keeps_direction) own.direction = [before] { return *before; };
    const Denoiser limited = [&](const at::Tensor& latent, double sigma) {
      *before = denoise(latent, sigma);
      return limit(*before);
    };
    return solver(limited, std::move(x), sigmas, own);
  };
  return plan;
}

}  // namespace sfumato
