#include "sfumato/sampling/names.h"

#include <array>
#include <cctype>
#include <vector>

#include "sfumato/base/nearest.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato {
namespace {

struct Synonym {
  std::string_view name;  // as key() leaves it
  std::string_view ours;
  std::string_view spacing = "";
};

// Our own names and labels are understood too and not repeated here.
constexpr std::array kSamplerNames{
    Synonym{"dpmpp2msdegpu", "dpmpp_2m_sde"},
    Synonym{"dpmpp2msdebt", "dpmpp_2m_sde"},
    Synonym{"dpmpp2msdeheungpu", "dpmpp_2m_sde_heun"},
    Synonym{"dpmpp3msdegpu", "dpmpp_3m_sde"},
    Synonym{"dpmppsdegpu", "dpmpp_sde"},
    Synonym{"dpmad", "dpm_adaptive"},
    Synonym{"euleracfgpp", "euler_ancestral_cfg_pp"},
    Synonym{"eulerge", "gradient_estimation"},
    Synonym{"pndm", "plms"},
    // diffusers, class names
    Synonym{"ddimscheduler", "ddim", "leading"},
    Synonym{"ddpmscheduler", "ddpm", "leading"},
    Synonym{"deismultistepscheduler", "deis"},
    Synonym{"dpmsolvermultistepscheduler", "dpmpp_2m"},
    Synonym{"dpmsolversdescheduler", "dpmpp_sde"},
    Synonym{"dpmsolversinglestepscheduler", "dpmpp_2s"},
    Synonym{"eulerancestraldiscretescheduler", "euler_ancestral"},
    Synonym{"eulerdiscretescheduler", "euler"},
    Synonym{"heundiscretescheduler", "heun"},
    Synonym{"kdpm2ancestraldiscretescheduler", "dpm_2_ancestral"},
    Synonym{"kdpm2discretescheduler", "dpm_2"},
    Synonym{"lcmscheduler", "lcm"},
    Synonym{"lmsdiscretescheduler", "lms"},
    Synonym{"pndmscheduler", "plms", "leading"},
    Synonym{"sasolverscheduler", "sa_solver"},
    Synonym{"tcdscheduler", "tcd"},
    Synonym{"unipcmultistepscheduler", "uni_pc_bh2"},
};

constexpr std::array kSpacingNames{
    Synonym{"automatic", "discrete"},
    Synonym{"normal", "discrete"},
    Synonym{"uniform", "discrete"},
    Synonym{"ddim", "ddim_uniform"},
    Synonym{"ays", "align_your_steps"},
    Synonym{"alignyoursteps11", "align_your_steps"},
    Synonym{"alignyourstepsgits", "gits"},
    Synonym{"linspace", "discrete"},
    Synonym{"polyexponential", "exponential"},  // with the web interface's power of 1
};

constexpr std::size_t kLongest = 64;  // of a name; what is beyond is not looked at

// Lower case without spaces, '-' and '_'; "+" is "p". The web interface's prefix "k_" goes.
std::string key(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '+') out += 'p';
    if (std::isalnum(byte)) out += static_cast<char>(std::tolower(byte));
  }
  const bool prefixed = name.size() > 2 && (name[0] == 'k' || name[0] == 'K') && name[1] == '_';
  return prefixed ? out.substr(1) : out;
}

std::optional<SamplerName> sampler_of(const std::string& wanted) {
  for (const auto& s : samplers()) {
    if (key(s.name) == wanted || key(s.label) == wanted) return SamplerName{s.name, std::nullopt};
  }
  for (const auto& s : kSamplerNames) {
    if (s.name != wanted) continue;
    if (s.spacing.empty()) return SamplerName{s.ours, std::nullopt};
    return SamplerName{s.ours, s.spacing};
  }
  return std::nullopt;
}

std::optional<std::string_view> spacing_of(const std::string& wanted) {
  for (const auto& s : spacings()) {
    if (key(s.name) == wanted) return s.name;
  }
  for (const auto& s : kSpacingNames) {
    if (s.name == wanted) return s.ours;
  }
  return std::nullopt;
}

}  // namespace

SamplerName resolve_sampler(std::string_view name) {
  name = name.substr(0, kLongest);
  const std::string whole = key(name);
  if (const auto found = sampler_of(whole)) return *found;
  // A spacing behind the sampler; the shortest sampler wins, "ddim" alone is no spacing here.
  for (std::size_t at = 1; at < whole.size(); ++at) {
    const auto sampler = sampler_of(whole.substr(0, at));
    const auto spacing = spacing_of(whole.substr(at));
    if (sampler && spacing) return {sampler->sampler, spacing};
  }
  throw unknown_sampler(name);
}

Error unknown_sampler(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& s : samplers()) known.emplace_back(s.name);
  return Error(ErrorKind::InvalidArgument, "unknown sampler '" + std::string(name) + "'",
               suggestion(name, known, known.size()));
}

std::string_view resolve_spacing(std::string_view name) {
  name = name.substr(0, kLongest);
  if (const auto found = spacing_of(key(name))) return *found;
  throw unknown_spacing(name);
}

Error unknown_spacing(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& s : spacings()) known.emplace_back(s.name);
  return Error(ErrorKind::InvalidArgument, "unknown spacing '" + std::string(name) + "'",
               suggestion(name, known, known.size()));
}

}  // namespace sfumato
