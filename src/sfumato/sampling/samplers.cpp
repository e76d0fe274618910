#include <array>
#include <string>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato {
namespace {

constexpr std::array kSamplers{
    SamplerInfo{"dpmpp_2m", "DPM-Solver++ 2M: second order, one network call per step", dpmpp_2m, 2,
                false, "karras"},
    SamplerInfo{"euler", "Euler: first order, deterministic", euler, 1, false, "discrete"},
    SamplerInfo{"euler_ancestral", "Euler with fresh noise at every step", euler_ancestral, 1, true,
                "discrete"},
    SamplerInfo{"heun", "Heun: second order, two network calls per step", heun, 2, false, "karras"},
    SamplerInfo{"ddim", "DDIM: Euler on the timesteps of its paper; noise with eta > 0", ddim, 1,
                false, "ddim_uniform"},
};

}  // namespace

std::span<const SamplerInfo> samplers() { return kSamplers; }

const SamplerInfo& find_sampler(std::string_view name) {
  if (name == "euler_a") name = "euler_ancestral";
  std::vector<std::string> known;
  for (const auto& s : kSamplers) {
    if (s.name == name) return s;
    known.emplace_back(s.name);
  }
  std::string all;
  for (const auto& k : known) all += (all.empty() ? "" : ", ") + k;
  throw Error(ErrorKind::InvalidArgument, "unknown sampler '" + std::string(name) + "'",
              "one of: " + all);
}

}  // namespace sfumato
