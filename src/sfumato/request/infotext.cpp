#include "sfumato/request/infotext.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace sfumato {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

constexpr std::array kSamplerLabels{Label{"euler", "Euler"}, Label{"euler_ancestral", "Euler a"},
                                    Label{"heun", "Heun"}, Label{"dpmpp_2m", "DPM++ 2M"},
                                    Label{"ddim", "DDIM"}};
constexpr std::array kSpacingLabels{Label{"discrete", "Normal"}, Label{"karras", "Karras"},
                                    Label{"exponential", "Exponential"},
                                    Label{"ddim_uniform", "DDIM"}};

template <std::size_t N>
std::string label(const std::array<Label, N>& labels, const std::string& name) {
  for (const auto& [ours, theirs] : labels) {
    if (ours == name) return std::string(theirs);
  }
  return name;
}

}  // namespace

std::string infotext_quote(const std::string& value) {
  if (value.find_first_of(",:\n") == std::string::npos) return value;
  return nlohmann::json(value).dump();
}

std::string infotext(const TextToImageRequest& request, const ModelIdentity& model) {
  std::vector<std::pair<std::string, std::string>> entries;
  const auto add = [&](const char* name, const auto& value, auto spell) {
    if (value) entries.emplace_back(name, spell(*value));
  };
  const auto whole = [](auto value) { return std::to_string(value); };
  const auto decimal = [](double value) { return nlohmann::json(value).dump(); };
  add("Steps", request.steps, whole);
  add("Sampler", request.sampler, [](const auto& name) { return label(kSamplerLabels, name); });
  add("Schedule type", request.spacing,
      [](const auto& name) { return label(kSpacingLabels, name); });
  add("CFG scale", request.guidance, decimal);
  add("Seed", request.seed, whole);
  if (request.width && request.height) {
    entries.emplace_back("Size",
                         std::to_string(*request.width) + "x" + std::to_string(*request.height));
  }
  if (!model.hash.empty()) entries.emplace_back("Model hash", model.hash.substr(0, 10));
  if (!model.name.empty()) entries.emplace_back("Model", model.name);
  add("Eta", request.eta, decimal);
  if (request.noise == "torch_cpu") entries.emplace_back("RNG", "CPU");

  std::string text = request.prompt;
  if (!request.negative_prompt.empty()) text += "\nNegative prompt: " + request.negative_prompt;
  std::string line;
  for (const auto& [name, value] : entries) {
    line += (line.empty() ? "" : ", ") + name + ": " + infotext_quote(value);
  }
  return text + "\n" + line;
}

}  // namespace sfumato
