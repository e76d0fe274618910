#include "sfumato/training/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "sfumato/base/error.h"
#include "sfumato/base/fields.h"

namespace sfumato {
namespace {

// From 1 at 0 to 0 at 1.
double half_cosine(double progress) {
  return std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
}

// A boundary belongs to the cycle that ends there.
double at_cycle(const std::vector<LrCycle>& cycles, bool cosine, std::int64_t step) {
  std::size_t i = 0;
  while (i + 1 < cycles.size() && step > cycles[i].length) step -= cycles[i++].length;
  const LrCycle& c = cycles[i];
  const auto n = static_cast<double>(std::min(step, c.length));
  const auto warm_up = static_cast<double>(c.warm_up), length = static_cast<double>(c.length);
  if (step < c.warm_up) return (c.f_max - c.f_start) / warm_up * n + c.f_start;
  const double left =
      cosine ? half_cosine((n - warm_up) / std::max(1.0, length - warm_up)) : (length - n) / length;
  return c.f_min + (c.f_max - c.f_min) * left;
}

}  // namespace

std::vector<LrRule> parse_step_rules(std::string rules) {
  std::erase(rules, ' ');
  std::vector<LrRule> all;
  for (std::size_t begin = 0; begin <= rules.size();) {
    const std::size_t end = std::min(rules.find(',', begin), rules.size());
    const auto rule = std::string_view(rules).substr(begin, end - begin);
    const std::size_t colon = rule.find(':');
    if ((colon == std::string_view::npos) != (end == rules.size())) {
      throw Error(ErrorKind::InvalidArgument, "step_rules: unexpected '" + std::string(rule) + "'",
                  "write FACTOR:STEP,...,FACTOR, e.g. 1:10,0.1:20,0.01");
    }
    LrRule read{.before = std::numeric_limits<std::int64_t>::max(), .factor = 0.0};
    fields::from_text(rule.substr(0, colon), "step_rules", read.factor);
    if (end < rules.size()) fields::from_text(rule.substr(colon + 1), "step_rules", read.before);
    all.push_back(read);
    begin = end + 1;
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const LrRule& a, const LrRule& b) { return a.before < b.before; });
  return all;
}

double LrSchedule::at(std::int64_t step) const {
  if (kind == "ldm_cosine" || kind == "ldm_linear")
    return at_cycle(cycles, kind == "ldm_cosine", step);
  if (step < warm_up) return static_cast<double>(step) / static_cast<double>(warm_up);
  if (kind == "constant") return 1.0;
  if (kind == "piecewise_constant") {
    return std::find_if(step_rules.begin(), step_rules.end(),
                        [&](const LrRule& rule) { return step < rule.before; })
        ->factor;
  }
  const auto left = static_cast<double>(std::max<std::int64_t>(1, steps - warm_up));
  const double progress = static_cast<double>(step - warm_up) / left;
  if (kind == "cosine") return half_cosine(num_cycles.value_or(0.5) * 2.0 * progress);
  if (progress >= 1.0) return kind == "polynomial" ? min_lr_ratio : 0.0;
  if (kind == "linear") return 1.0 - progress;
  if (kind == "polynomial") {
    return (1.0 - min_lr_ratio) * std::pow(1.0 - progress, power) + min_lr_ratio;
  }
  return half_cosine(std::fmod(num_cycles.value_or(1.0) * progress, 1.0));
}

}  // namespace sfumato
