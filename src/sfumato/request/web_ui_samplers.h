#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sfumato {

/// A sampler as A1111's web UI (with Forge's additions) calls it, and as we do.
struct WebUiSampler {
  std::string_view label;     ///< "DPM++ 2M"
  std::string_view name;      ///< "dpmpp_2m"
  std::string_view schedule;  ///< label of the schedule that "Automatic" means; "": the model's own
  bool uses_ensd = false;     ///< its noise seeds are shifted by the "ENSD" setting
};

/// A schedule there, and our spacing for it.
struct WebUiSchedule {
  std::string_view label;  ///< "Karras"
  std::string_view id;     ///< in its API: "karras"
  std::string_view name;   ///< our spacing; "" for Automatic
};

/// In the order of its menus; the first sampler is its default, the first schedule "Automatic".
std::span<const WebUiSampler> web_ui_samplers();
std::span<const WebUiSchedule> web_ui_schedules();

/// A sampler and a schedule by label; no sampler: its name is unknown there.
struct WebUiSampling {
  const WebUiSampler* sampler;
  const WebUiSchedule* schedule;
};

/// Understands the names of old pictures, where the schedule is glued to the sampler ("DPM++ 2M
/// Karras", which wins over `schedule`). An empty sampler is the first, an unknown schedule
/// "Automatic". Source: Forge, modules/sd_samplers.py, get_sampler_and_scheduler.
WebUiSampling resolve_web_ui_sampling(std::string_view sampler, std::string_view schedule);

/// "Automatic" where `schedule` is what the sampler would choose by itself.
const WebUiSchedule& shown_schedule(const WebUiSampler& sampler, const WebUiSchedule& schedule);

}  // namespace sfumato
