#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sfumato {

/// The multiplier `factor` for steps below `before`.
struct LrRule {
  std::int64_t before;
  double factor;
};

/// diffusers' "1:10,0.1:20,0.01": 1 before step 10, 0.1 before step 20, then 0.01. Sorted by step.
/// Throws InvalidArgument for anything else.
std::vector<LrRule> parse_step_rules(std::string rules);

/// One period of LDM's schedules (LambdaWarmUpCosineScheduler2, LambdaLinearScheduler): from
/// f_start linearly to f_max at step `warm_up` of it, then down to f_min at step `length`.
struct LrCycle {
  std::int64_t warm_up = 0, length = 0;
  double f_start = 0.0, f_max = 1.0, f_min = 0.0;
};

/// How the learning rate moves over a run, as a multiplier of the base rate. Kinds are named as in
/// diffusers' optimization.py; those of LDM's lr_scheduler.py begin with "ldm_".
struct LrSchedule {
  /// "constant"; to 0 at the end of the run: "linear", "cosine", "cosine_with_restarts"; to
  /// min_lr_ratio there: "polynomial"; "piecewise_constant"; "ldm_cosine", "ldm_linear"
  std::string kind = "constant";
  std::int64_t warm_up = 0;  ///< steps of linear growth from 0; the cycles have their own
  std::int64_t steps = 0;    ///< length of the run
  /// Periods of "cosine" (0.5 unless said) and of "cosine_with_restarts" (1).
  std::optional<double> num_cycles = std::nullopt;
  double power = 1.0, min_lr_ratio = 0.0;  ///< of "polynomial"
  std::vector<LrRule> step_rules = {};     ///< of "piecewise_constant"
  /// Of "ldm_cosine" and "ldm_linear", one after the other; the last value stays. As in LDM,
  /// "ldm_linear" falls over the whole length and so jumps at the end of its warm-up.
  std::vector<LrCycle> cycles = {};

  /// Multiplier at a 0-based step.
  double at(std::int64_t step) const;
};

}  // namespace sfumato
