#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sfumato/sampling/diffusers_config.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {

/// How many steps of a scheduler_config.json are sampled.
struct SamplingPlan {
  /// Noise levels with the final one. The last two may be equal.
  std::vector<double> sigmas;
  std::vector<double> timesteps;  ///< what the network is told at each level but the final one
  /// Unit noise times this is the start; the result times `finish` is what the decoder gets.
  double start = 1.0, finish = 1.0;
  /// What the network is told at any level (make_denoiser).
  std::function<double(double sigma)> timestep;
  bool consistency = false;  ///< the denoiser must be a consistency function of the timestep
  NoiseSchedule schedule{NoiseScheduleConfig{}};  ///< the config's
  std::function<at::Tensor(const Denoiser&, at::Tensor x, const SamplerEnv&)> run;
};

/// Throws InvalidArgument when steps do not fit the schedule. The plan keeps a copy of all it
/// needs. `last_steps` leaves out all but the last ones, as for a picture that is painted over; it
/// then begins at sigmas.front(), whatever `start` says.
SamplingPlan plan_diffusers(const DiffusersConfig& config, int steps,
                            std::optional<int> last_steps = std::nullopt);

/// The part of it that says where the steps fall: sigmas, timesteps, start and finish.
SamplingPlan diffusers_levels(const DiffusersConfig& config, int steps);

}  // namespace sfumato
