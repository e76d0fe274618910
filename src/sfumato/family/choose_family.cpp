#include "sfumato/family/choose_family.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/detect.h"
#include "sfumato/family/family.h"
#include "sfumato/family/probe_prediction.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBeside = 1 << 20;  // bytes of a yaml or JSON file

/// Who says what the network predicts.
struct Statement {
  Prediction prediction;
  std::string source;
};

std::string unquoted(std::string_view text) {
  const auto is_edge = [](char c) { return c == ' ' || c == '"' || c == '\'' || c == '\r'; };
  while (!text.empty() && is_edge(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_edge(text.back())) text.remove_suffix(1);
  return std::string(text);
}

/// `parameterization` of a CompVis configuration, whose default is the noise.
std::optional<Prediction> prediction_in_yaml(const std::string& text) {
  constexpr std::string_view kKey = "parameterization:";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.find_first_not_of(" -");
    if (at == line.npos || line.compare(at, kKey.size(), kKey) != 0) continue;
    const std::string_view rest = std::string_view(line).substr(at + kKey.size());
    const std::string value = unquoted(rest.substr(0, rest.find(" #")));
    if (value == "v") return Prediction::V;
    if (value == "x0") return Prediction::Sample;
    if (value == "eps") return Prediction::Epsilon;
    return std::nullopt;
  }
  if (text.find("ldm.models.diffusion") != text.npos) return Prediction::Epsilon;
  return std::nullopt;
}

std::optional<Statement> said_in_yaml(const fs::path& file) {
  fs::path yaml = file;
  yaml.replace_extension(".yaml");
  if (!fs::is_regular_file(yaml)) return std::nullopt;
  const auto told = prediction_in_yaml(read_file(yaml, kMostBeside));
  if (!told) return std::nullopt;
  return Statement{*told, yaml.filename().string() + " beside it says so"};
}

std::optional<Statement> said_by_scheduler(const fs::path& file) {
  for (const fs::path place : {"scheduler/scheduler_config.json", "scheduler_config.json"}) {
    const fs::path config = file.parent_path() / place;
    if (!fs::is_regular_file(config)) continue;
    const auto told = stated_prediction({{"diffusers.scheduler", read_file(config, kMostBeside)}});
    if (told) return Statement{*told, place.string() + " beside it says so"};
  }
  return std::nullopt;
}

std::optional<Statement> said_by_mark(const TensorMap& tensors) {
  if (!tensors.contains(kPredictsVMark)) return std::nullopt;
  return Statement{Prediction::V, std::string("its tensor ") + kPredictsVMark + " says so"};
}

std::string zero_terminal_snr_source(const TensorMap& tensors, const Metadata& metadata) {
  if (tensors.contains(kZeroTerminalMark)) return std::string("its tensor ") + kZeroTerminalMark;
  return states_zero_terminal_snr(metadata) ? "its scheduler_config.json" : "";
}

// A scheduler_config.json may belong to another file of the folder: it decides between families
// that the weights fit equally, and nothing else.
std::optional<Statement> said_about(const fs::path& file, const TensorMap& tensors,
                                    const Metadata& metadata, bool ambiguous) {
  if (auto told = said_by_mark(tensors)) return told;
  const bool single = fs::is_regular_file(file);
  if (single) {
    if (auto told = said_in_yaml(file)) return told;
  }
  if (const auto told = stated_prediction(metadata)) {
    const bool own = metadata.contains("modelspec.prediction_type");
    return Statement{*told, own ? "its metadata says so" : "its scheduler_config.json says so"};
  }
  return single && ambiguous ? said_by_scheduler(file) : std::nullopt;
}

std::string taken_for(const FamilyChoice& choice, const std::string& why) {
  return choice.file + ": taken for " + choice.config.family + " that predicts " +
         std::string(prediction_name(choice.config.prediction)) + ": " + why;
}

TensorIndex shapes_of(const TensorMap& tensors) {
  TensorIndex index;
  for (const auto& [name, tensor] : tensors) index[name] = {"", tensor.sizes().vec()};
  return index;
}

/// The network can tell two families apart that differ in what it predicts and in nothing before.
bool can_be_asked(const std::vector<const ModelConfig*>& twins) {
  return twins.size() == 2 && twins[0]->prediction != twins[1]->prediction && twins[0]->unet &&
         twins[0]->concat.kind == ConcatKind::None && twins[0]->vector.empty();
}

FamilyChoice settled_by(const ProbedPrediction& probed, FamilyChoice choice) {
  const auto twins = std::exchange(choice.twins, {});
  choice.config = *(twins[0]->prediction == probed.prediction ? twins[0] : twins[1]);
  char answer[64];
  std::snprintf(answer, sizeof answer, "%.2f %s", std::abs(probed.mean),
                probed.mean < 0 ? "below" : "above");
  choice.note = taken_for(choice, "its tensors fit " + twins[0]->family + " and " +
                                      twins[1]->family + ", and at t = 999 its network answers " +
                                      answer + " its input (v: more than 1 below)");
  return choice;
}

/// With the schedule that somebody states, which no family of the program has by itself.
FamilyChoice with_stated_schedule(FamilyChoice choice) {
  if (choice.zero_terminal_snr.empty() || !choice.twins.empty()) return choice;
  choice.config.schedule.zero_terminal_snr = true;
  if (choice.note.empty()) choice.note = choice.file + ": taken for " + choice.config.family;
  choice.note += "; zero terminal SNR: " + choice.zero_terminal_snr + " says so";
  return choice;
}

}  // namespace

ModelConfig named_family(const std::string& family) {
  return family.ends_with(".toml") ? read_family(family) : find_family(family);
}

FamilyChoice choose_family(const TensorMap& tensors, const Metadata& metadata, const fs::path& file,
                           const std::string& family, std::optional<Prediction> prediction) {
  FamilyChoice choice{.config = {},
                      .file = file.string(),
                      .zero_terminal_snr = zero_terminal_snr_source(
                          tensors, family.empty() ? metadata : Metadata{})};
  std::optional<Statement> said;
  if (prediction) said = Statement{*prediction, "--prediction says so"};
  if (!family.empty()) {
    choice.config = named_family(family);
    if (!said) said = said_by_mark(tensors);
  } else {
    const TensorIndex shapes = shapes_of(tensors);
    const auto fitting = fitting_families(shapes, choice.file);
    const bool one = fitting.size() == 1;
    if (!said) said = said_about(file, tensors, metadata, !one);
    if (!one && !said && can_be_asked(fitting)) {
      choice.config = *fitting[0];
      choice.twins = fitting;
      return choice;
    }
    choice.config = one ? *fitting[0]
                        : detect_family(shapes, choice.file,
                                        said ? std::optional(said->prediction) : std::nullopt);
    if (!one) choice.note = taken_for(choice, said->source);
  }
  if (said && said->prediction != choice.config.prediction) {
    choice.config.prediction = said->prediction;
    choice.note = taken_for(choice, said->source);
  }
  return with_stated_schedule(std::move(choice));
}

FamilyChoice choose_within(const ModelConfig& family, const TensorMap& tensors,
                           const Metadata& metadata, const fs::path& file,
                           std::optional<Prediction> prediction) {
  FamilyChoice choice{.config = family,
                      .file = file.string(),
                      .zero_terminal_snr = zero_terminal_snr_source(tensors, metadata)};
  auto said = said_about(file, tensors, metadata, /*ambiguous=*/false);
  if (prediction) said = Statement{*prediction, "--prediction says so"};
  if (said && said->prediction != choice.config.prediction) {
    choice.config.prediction = said->prediction;
    choice.note = taken_for(choice, said->source);
  }
  return with_stated_schedule(std::move(choice));
}

FamilyChoice settle_family(FamilyChoice choice, const Model& model) {
  if (choice.twins.empty()) return choice;
  return with_stated_schedule(settled_by(probe_prediction(model), std::move(choice)));
}

FamilyChoice settle_family(FamilyChoice choice, const TensorMap& tensors) {
  if (choice.twins.empty()) return choice;
  const ProbedPrediction probed = probe_prediction(choice.config, tensors);
  return with_stated_schedule(settled_by(probed, std::move(choice)));
}

}  // namespace sfumato
