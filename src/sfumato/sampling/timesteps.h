#pragma once

#include <cstdint>
#include <vector>

namespace sfumato {

/// Which entries of a table of `table` timesteps a sampler visits, from high to low. `steps` must
/// be 1 .. table, otherwise InvalidArgument.

/// 1, 1 + stride, ... with stride = table / steps rounded down (CompVis DDIM "uniform"). When steps
/// does not divide the table there are more entries than asked for (30 of 1000 gives 31), and the
/// highest may equal `table`, one beyond the last timestep (3 of 1000): drop or clamp it.
std::vector<double> ddim_uniform_timesteps(int table, int steps);
/// Quadratically spaced up to 80 % of the table (DDIM paper, app. D.2; CompVis "quad").
std::vector<double> ddim_quad_timesteps(int table, int steps);

/// Lin et al. 2023 (arXiv:2305.08891), table 2, as diffusers computes them. `offset` is its
/// steps_offset.
std::vector<double> leading_timesteps(int table, int steps, int offset = 0);
std::vector<double> trailing_timesteps(int table, int steps);
/// As trailing, rounded up (the web interface's "simple").
std::vector<double> simple_timesteps(int table, int steps);
/// Both ends included; not rounded.
std::vector<double> linspace_timesteps(int table, int steps);

/// Equal steps rounded down, without timestep 0 (generative-models, "legacy" discretisation, the
/// one SDXL is sampled with).
std::vector<double> sgm_timesteps(int table, int steps);

/// The timesteps of a consistency model distilled on `original` of the table, at equal distances
/// among them (diffusers' LCM). A `strength` below 1 leaves out the upper ones.
std::vector<double> consistency_timesteps(int table, int original, int steps,
                                          double strength = 1.0);

/// A run that starts part of the way: the last `last_steps` intervals of a table of `steps`.
struct PartialRun {
  int steps, last_steps;
};
/// The web interface's count for image-to-image: one interval more than the share `strength` of the
/// steps; with `stretch` the table is made longer instead, so that `steps` intervals remain.
PartialRun partial_run(int steps, double strength, bool stretch);

/// How many of `steps` an image-to-image run of `strength` in [0, 1] makes (CompVis t_enc).
int steps_for_strength(int steps, double strength);

}  // namespace sfumato
