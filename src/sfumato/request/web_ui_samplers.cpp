#include "sfumato/request/web_ui_samplers.h"

#include <algorithm>
#include <array>

namespace sfumato {
namespace {

constexpr std::array kSamplers{
    WebUiSampler{"DPM++ 2M", "dpmpp_2m", "Karras"},
    WebUiSampler{"DPM++ SDE", "dpmpp_sde", "Karras"},
    WebUiSampler{"DPM++ 2M SDE", "dpmpp_2m_sde", "Exponential"},
    WebUiSampler{"DPM++ 2M SDE Heun", "dpmpp_2m_sde_heun", "Exponential"},
    WebUiSampler{"DPM++ 2S a", "dpmpp_2s_ancestral", "Karras", true},
    WebUiSampler{"DPM++ 3M SDE", "dpmpp_3m_sde", "Exponential"},
    WebUiSampler{"Euler a", "euler_ancestral", "", true},
    WebUiSampler{"Euler", "euler", ""},
    WebUiSampler{"LMS", "lms", ""},
    WebUiSampler{"Heun", "heun", ""},
    WebUiSampler{"DPM2", "dpm_2", "Karras"},
    WebUiSampler{"DPM2 a", "dpm_2_ancestral", "Karras", true},
    WebUiSampler{"DPM fast", "dpm_fast", "", true},
    WebUiSampler{"DPM adaptive", "dpm_adaptive", "", true},
    WebUiSampler{"Restart", "restart", "Karras"},
    WebUiSampler{"HeunPP2", "heunpp2", ""},
    WebUiSampler{"IPNDM", "ipndm", ""},
    WebUiSampler{"IPNDM_V", "ipndm_v", ""},
    WebUiSampler{"DEIS", "deis", ""},
    WebUiSampler{"DDIM", "ddim", ""},
    WebUiSampler{"DDIM CFG++", "ddim_cfg_pp", ""},
    WebUiSampler{"PLMS", "plms", ""},
    WebUiSampler{"UniPC", "uni_pc", ""},
    WebUiSampler{"LCM", "lcm", ""},
    WebUiSampler{"DDPM", "ddpm", ""},
};

constexpr std::array kSchedules{
    WebUiSchedule{"Automatic", "automatic", ""},
    WebUiSchedule{"Uniform", "uniform", "discrete"},
    WebUiSchedule{"Karras", "karras", "karras"},
    WebUiSchedule{"Exponential", "exponential", "exponential"},
    WebUiSchedule{"Polyexponential", "polyexponential", "exponential"},
    WebUiSchedule{"SGM Uniform", "sgm_uniform", "sgm_uniform"},
    WebUiSchedule{"KL Optimal", "kl_optimal", "kl_optimal"},
    WebUiSchedule{"Align Your Steps", "align_your_steps", "align_your_steps"},
    WebUiSchedule{"Simple", "simple", "simple"},
    WebUiSchedule{"Normal", "normal", "discrete"},
    WebUiSchedule{"DDIM", "ddim", "ddim_uniform"},
    WebUiSchedule{"Beta", "beta", "beta"},
    WebUiSchedule{"Turbo", "turbo", "turbo"},
    WebUiSchedule{"Align Your Steps GITS", "align_your_steps_GITS", "gits"},
    WebUiSchedule{"Align Your Steps 11", "align_your_steps_11", "align_your_steps"},
    WebUiSchedule{"Align Your Steps 32", "align_your_steps_32", "align_your_steps_32"},
};

constexpr std::string_view kOldSgmUniform = "SGMUniform";

// What is left of `sampler` without " NAME", or nothing.
std::optional<std::string_view> without_end(std::string_view sampler, std::string_view name) {
  if (!sampler.ends_with(name)) return std::nullopt;
  sampler.remove_suffix(name.size());
  if (!sampler.ends_with(' ')) return std::nullopt;
  sampler.remove_suffix(1);
  return sampler;
}

std::optional<std::string_view> without_schedule(std::string_view sampler,
                                                 const WebUiSchedule& schedule) {
  for (const std::string_view name : {schedule.label, schedule.id, kOldSgmUniform}) {
    if (name == kOldSgmUniform && schedule.id != "sgm_uniform") continue;
    if (const auto rest = without_end(sampler, name)) return rest;
  }
  return std::nullopt;
}

}  // namespace

std::span<const WebUiSampler> web_ui_samplers() { return kSamplers; }
std::span<const WebUiSchedule> web_ui_schedules() { return kSchedules; }

WebUiSampling resolve_web_ui_sampling(std::string_view sampler, std::string_view schedule) {
  auto found = std::find_if(kSchedules.begin(), kSchedules.end(), [&](const WebUiSchedule& s) {
    return s.label == schedule || s.id == schedule;
  });
  if (found == kSchedules.end()) found = kSchedules.begin();
  if (sampler.empty()) sampler = kSamplers.front().label;
  for (auto at = kSchedules.begin(); at != kSchedules.end(); ++at) {
    const auto rest = without_schedule(sampler, *at);
    if (!rest) continue;
    sampler = *rest;
    found = at;
  }
  const auto known = std::find_if(kSamplers.begin(), kSamplers.end(),
                                  [&](const WebUiSampler& s) { return s.label == sampler; });
  return {.sampler = known == kSamplers.end() ? nullptr : &*known, .schedule = &*found};
}

const WebUiSchedule& shown_schedule(const WebUiSampler& sampler, const WebUiSchedule& schedule) {
  return schedule.label == sampler.schedule ? kSchedules.front() : schedule;
}

}  // namespace sfumato
