#include <ATen/ATen.h>

#include <algorithm>

#include "golden/kinds/schedule_support.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/sampling/timesteps.h"

namespace sfumato::golden {
namespace {

void run_discretization(const Case& c, Report& report) {
  const NoiseSchedule schedule{NoiseScheduleConfig{}};
  const auto& edm = c.config().at("edm");
  const auto has = [&](const std::string& name) { return c.outputs.count(name) > 0; };
  for (const int n : c.config().at("steps")) {
    const std::string suffix = std::string("_") + std::to_string(n);
    auto sigmas = find_spacing("sgm_legacy").sigmas(schedule, n);
    report.expect("legacy" + suffix, floats(sigmas));
    if (has("legacy_nozero_flip" + suffix)) {
      report.expect("legacy_nozero_flip" + suffix, floats({sigmas.rbegin() + 1, sigmas.rend()}));
    }
    if (has("edm" + suffix)) {
      auto karras = karras_sigmas(n, edm.at("sigma_min"), edm.at("sigma_max"), edm.at("rho"));
      karras.push_back(0.0);
      report.expect("edm" + suffix, floats(karras));
    }
    if (has("steps" + suffix)) {
      auto timesteps = sgm_timesteps(1000, n);
      std::reverse(timesteps.begin(), timesteps.end());
      report.expect("steps" + suffix, integers(timesteps));
    }
  }
  if (c.config().contains("legacy_custom")) {
    const auto& custom = c.config().at("legacy_custom");
    report.expect("legacy_custom",
                  floats(find_spacing("sgm_legacy").sigmas(schedule_of(custom), custom.at("n"))));
  }
}

}  // namespace

void run_sgm_schedule(const Case& c, Report& report) {
  if (made_by(c, "discretizer.py")) return run_discretization(c, report);
  throw Skip("schedule of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
