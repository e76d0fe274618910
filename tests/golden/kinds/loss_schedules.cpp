#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "golden/kinds/loss_support.h"
#include "sfumato/training/ema.h"
#include "sfumato/training/lr_schedule.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

std::vector<LrCycle> cycles_of(const json& p) {
  std::vector<LrCycle> cycles;
  for (std::size_t i = 0; i < p.at("cycle_lengths").size(); ++i) {
    cycles.push_back({.warm_up = p.at("warm_up_steps").at(i),
                      .length = p.at("cycle_lengths").at(i),
                      .f_start = p.at("f_start").at(i),
                      .f_max = p.at("f_max").at(i),
                      .f_min = p.at("f_min").at(i)});
  }
  return cycles;
}

LrSchedule ldm_schedule(const std::string& name, const json& p) {
  if (name == "LambdaWarmUpCosineScheduler") {
    return {.kind = "ldm_cosine",
            .cycles = {{.warm_up = p.at("warm_up_steps"),
                        .length = p.at("max_decay_steps"),
                        .f_start = p.at("lr_start"),
                        .f_max = p.at("lr_max"),
                        .f_min = p.at("lr_min")}}};
  }
  if (name == "LambdaWarmUpCosineScheduler2") {
    return {.kind = "ldm_cosine", .cycles = cycles_of(p)};
  }
  if (name == "LambdaLinearScheduler") return {.kind = "ldm_linear", .cycles = cycles_of(p)};
  throw Skip("unknown schedule " + name);
}

// "diffusers get_KIND_schedule_with_warmup"
LrSchedule lr_schedule_of(const json& line) {
  using Names = std::pair<const char*, const char*>;
  constexpr std::array kKinds{
      Names{"get_cosine_with_hard_restarts_schedule", "cosine_with_restarts"},
      Names{"get_polynomial_decay_schedule", "polynomial"},
      Names{"get_piecewise_constant_schedule", "piecewise_constant"},
      Names{"get_constant_schedule", "constant"},
      Names{"get_linear_schedule", "linear"},
      Names{"get_cosine_schedule", "cosine"}};
  const std::string name = line.at("scheduler");
  const json& p = line.at("params");
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Names& names) {
    return name.find(names.first) != std::string::npos;
  });
  if (found == kKinds.end()) return ldm_schedule(name, p);

  LrSchedule schedule{.kind = found->second,
                      .warm_up = p.value("num_warmup_steps", std::int64_t{0}),
                      .steps = p.value("num_training_steps", std::int64_t{0})};
  if (p.contains("num_cycles")) schedule.num_cycles = p.at("num_cycles").get<double>();
  if (schedule.kind == "polynomial") {
    schedule.power = p.value("power", 1.0);
    schedule.min_lr_ratio = p.value("lr_end", 1e-7) / p.at("lr").get<double>();
  }
  if (p.contains("step_rules")) schedule.step_rules = parse_step_rules(p.at("step_rules"));
  return schedule;
}

// Compares `at(step)` with what a line expects at each of its steps.
template <class At>
void expect_steps(const json& line, std::size_t number, const At& at, Report& report) {
  std::vector<double> got;
  for (const std::int64_t step : line.at("steps")) got.push_back(at(step));
  const auto want = line.at("expected").get<std::vector<double>>();
  report.expect_near("line " + std::to_string(number), at::tensor(got, at::kDouble),
                     at::tensor(want, at::kDouble));
}

}  // namespace

void run_lr_schedules(const Case& c, Report& report) {
  for (std::size_t i = 0; i < c.lines.size(); ++i) {
    const LrSchedule schedule = lr_schedule_of(c.lines[i]);
    expect_steps(
        c.lines[i], i + 1, [&](std::int64_t step) { return schedule.at(step); }, report);
  }
}

void run_ema_decay(const Case& c, Report& report) {
  for (std::size_t i = 0; i < c.lines.size(); ++i) {
    const json& p = c.lines[i].at("params");
    const EmaDecay usual;
    const EmaDecay decay{.decay = p.value("decay", 0.9999),
                         .min_decay = p.value("min_decay", usual.min_decay),
                         .update_after_step = p.value("update_after_step", std::int64_t{0}),
                         .use_ema_warmup = p.value("use_ema_warmup", usual.use_ema_warmup),
                         .inv_gamma = p.value("inv_gamma", usual.inv_gamma),
                         .power = p.value("power", usual.power)};
    expect_steps(
        c.lines[i], i + 1, [&](std::int64_t step) { return decay.at(step); }, report);
  }
}

}  // namespace sfumato::golden
