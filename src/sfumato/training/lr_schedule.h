#pragma once

#include <cstdint>
#include <string>

namespace sfumato {

/// How the learning rate moves over a run, as a multiplier of the base rate.
struct LrSchedule {
  std::string kind = "constant";  ///< "constant" or "cosine" (half a period, down to 0)
  std::int64_t warm_up = 0;       ///< steps of linear growth from 0
  std::int64_t steps = 0;         ///< length of the run; used by "cosine"

  /// Multiplier at a 0-based step.
  double at(std::int64_t step) const;
};

}  // namespace sfumato
