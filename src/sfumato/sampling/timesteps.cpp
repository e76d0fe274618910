#include "sfumato/sampling/timesteps.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

void check_steps(int table, int steps) {
  if (steps < 1 || steps > table) {
    throw Error(ErrorKind::InvalidArgument, "steps must be 1.." + std::to_string(table) +
                                                ", the length of the noise schedule, got " +
                                                std::to_string(steps));
  }
}

}  // namespace

std::vector<double> ddim_uniform_timesteps(int table, int steps) {
  check_steps(table, steps);
  std::vector<double> timesteps;
  for (int t = 0; t < table; t += table / steps) timesteps.push_back(t + 1);
  std::reverse(timesteps.begin(), timesteps.end());
  return timesteps;
}

std::vector<double> ddim_quad_timesteps(int table, int steps) {
  check_steps(table, steps);
  const double last = std::sqrt(table * 0.8);
  std::vector<double> timesteps;
  for (int i = steps - 1; i >= 0; --i) {
    const double root = steps == 1 ? 0.0 : i == steps - 1 ? last : i * (last / (steps - 1));
    timesteps.push_back(std::min(std::floor(root * root) + 1.0, table - 1.0));
  }
  return timesteps;
}

std::vector<double> leading_timesteps(int table, int steps, int offset) {
  check_steps(table, steps);
  std::vector<double> timesteps;
  for (int i = steps - 1; i >= 0; --i) timesteps.push_back(i * (table / steps) + offset);
  return timesteps;
}

std::vector<double> trailing_timesteps(int table, int steps) {
  check_steps(table, steps);
  const double stride = static_cast<double>(table) / steps;
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) timesteps.push_back(std::nearbyint(table - i * stride) - 1.0);
  return timesteps;
}

std::vector<double> simple_timesteps(int table, int steps) {
  check_steps(table, steps);
  const double stride = static_cast<double>(table) / steps;
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) timesteps.push_back(table - 1.0 - std::floor(i * stride));
  return timesteps;
}

std::vector<double> linspace_timesteps(int table, int steps) {
  check_steps(table, steps);
  std::vector<double> timesteps;
  // As NumPy rounds: the step first, then its multiples, and the last value as given.
  const double last = table - 1.0, step = steps == 1 ? 0.0 : last / (steps - 1);
  for (int i = steps - 1; i >= 0; --i) {
    timesteps.push_back(i > 0 && i == steps - 1 ? last : i * step);
  }
  return timesteps;
}

std::vector<double> sgm_timesteps(int table, int steps) {
  check_steps(table, steps);
  std::vector<double> timesteps;
  const double stride = steps == table ? 1.0 : (table - 1.0) / steps;
  for (int i = 0; i < steps; ++i) timesteps.push_back(std::floor(table - 1.0 - i * stride));
  return timesteps;
}

std::vector<double> consistency_timesteps(int table, int original, int steps, double strength) {
  if (original < 1 || original > table) {
    throw Error(ErrorKind::InvalidArgument, "a consistency model needs 1.." +
                                                std::to_string(table) + " timesteps, got " +
                                                std::to_string(original));
  }
  const int kept = static_cast<int>(original * strength), stride = table / original;
  check_steps(kept, steps);
  std::vector<double> timesteps;
  for (int i = 0; i < steps; ++i) {
    const int index = static_cast<int>(static_cast<double>(i) * kept / steps);
    timesteps.push_back((kept - index) * stride - 1);
  }
  return timesteps;
}

PartialRun partial_run(int steps, double strength, bool stretch) {
  const double share = std::min(strength, 0.999);  // strength 1 still starts below the top
  if (!stretch) return {steps, static_cast<int>(share * steps) + 1};
  return {strength > 0.0 ? static_cast<int>(steps / share) : 0, steps};
}

int steps_for_strength(int steps, double strength) {
  if (!(strength >= 0.0 && strength <= 1.0)) {
    throw Error(ErrorKind::InvalidArgument,
                "strength must lie between 0 and 1, got " + std::to_string(strength));
  }
  return static_cast<int>(strength * steps);
}

}  // namespace sfumato
