#include "sfumato/training/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sfumato {

double LrSchedule::at(std::int64_t step) const {
  if (step < warm_up) return static_cast<double>(step) / static_cast<double>(warm_up);
  if (kind == "constant") return 1.0;
  const auto left = static_cast<double>(std::max<std::int64_t>(1, steps - warm_up));
  const double progress = static_cast<double>(step - warm_up) / left;
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

}  // namespace sfumato
