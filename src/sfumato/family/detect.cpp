#include "sfumato/family/detect.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

struct Candidate {
  const ModelConfig* config;
  std::size_t matched;
  std::string difference;  ///< the first tensor that does not match

  double share() const { return double(matched) / double(config->fingerprint.size()); }
};

Candidate score(const ModelConfig& config, const TensorIndex& tensors) {
  Candidate result{&config, 0, ""};
  for (const auto& [name, shape] : config.fingerprint) {
    const auto found = tensors.find(name);
    if (found != tensors.end() && found->second.shape == shape) {
      ++result.matched;
    } else if (result.difference.empty()) {
      result.difference =
          name + ": expected " + shape_string(shape) +
          (found == tensors.end() ? ", absent" : ", found " + shape_string(found->second.shape));
    }
  }
  return result;
}

// As diffusers and the Stability model specification spell them.
constexpr std::array<std::pair<std::string_view, Prediction>, 5> kPredictions{{
    {"epsilon", Prediction::Epsilon},
    {"v_prediction", Prediction::V},
    {"v", Prediction::V},
    {"sample", Prediction::Sample},
    {"x0", Prediction::Sample},
}};

std::optional<Prediction> prediction_named(std::string_view name) {
  for (const auto& [known, prediction] : kPredictions) {
    if (known == name) return prediction;
  }
  return std::nullopt;
}

/// The scheduler_config.json among the metadata; an empty object when there is none.
nlohmann::json stated_scheduler(const Metadata& metadata) {
  const auto found = metadata.find("diffusers.scheduler");
  nlohmann::json scheduler = nlohmann::json::object();
  if (found != metadata.end()) scheduler = parse_bounded_json(found->second);
  return scheduler.is_object() ? scheduler : nlohmann::json::object();
}

/// The only one that predicts what is stated, or nullptr.
const ModelConfig* told_apart(const std::vector<const ModelConfig*>& fitting, Prediction stated) {
  const ModelConfig* told = nullptr;
  for (const ModelConfig* config : fitting) {
    if (config->prediction != stated) continue;
    if (told) return nullptr;
    told = config;
  }
  return told;
}

}  // namespace

std::optional<Prediction> stated_prediction(const Metadata& metadata) {
  if (const auto found = metadata.find("modelspec.prediction_type"); found != metadata.end()) {
    return prediction_named(found->second);
  }
  const auto scheduler = stated_scheduler(metadata);
  const auto type = scheduler.find("prediction_type");
  if (type == scheduler.end() || !type->is_string()) return std::nullopt;
  return prediction_named(type->get<std::string>());
}

bool states_zero_terminal_snr(const Metadata& metadata) {
  const auto scheduler = stated_scheduler(metadata);
  const auto rescaled = scheduler.find("rescale_betas_zero_snr");
  return rescaled != scheduler.end() && *rescaled == true;
}

std::vector<const ModelConfig*> fitting_families(const TensorIndex& tensors,
                                                 const std::string& file) {
  std::vector<Candidate> candidates;
  for (const auto& config : families()) {
    if (!config.fingerprint.empty()) candidates.push_back(score(config, tensors));
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    // Of two complete matches the one that names more tensors says more.
    return std::pair(a.share(), a.matched) > std::pair(b.share(), b.matched);
  });
  if (candidates.empty()) throw Error(ErrorKind::Unsupported, file + ": no families are known");
  const Candidate& best = candidates[0];
  if (best.share() < 1.0) {
    std::string what = file + ": no known model family fits";
    for (std::size_t i = 0; i < std::min<std::size_t>(2, candidates.size()); ++i) {
      if (candidates[i].matched == 0) continue;
      what += (i ? "; or " : "; closest is ") + candidates[i].config->family + " (" +
              candidates[i].difference + ")";
    }
    throw Error(ErrorKind::Unsupported, what, "name it with --family; see 'sfumato models'");
  }
  std::vector<const ModelConfig*> fitting;
  for (const auto& candidate : candidates) {
    if (candidate.share() == 1.0 && candidate.matched == best.matched) {
      fitting.push_back(candidate.config);
    }
  }
  return fitting;
}

const ModelConfig& detect_family(const TensorIndex& tensors, const std::string& file,
                                 std::optional<Prediction> stated) {
  const auto fitting = fitting_families(tensors, file);
  if (fitting.size() == 1) return *fitting[0];
  const ModelConfig* told = stated ? told_apart(fitting, *stated) : nullptr;
  if (told) return *told;
  const std::string name = fitting[0]->family, second = fitting[1]->family;
  throw Error(ErrorKind::Unsupported,
              file + ": its tensors fit " + name + " and " + second + " alike",
              "say which with --family " + name + " or --family " + second);
}

}  // namespace sfumato
