#include "sfumato/adapters/match.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "sfumato/adapters/weight_change.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr std::size_t kListed = 5;

// Width of the context that the U-Net of each generation attends to.
struct Generation {
  std::int64_t context;
  std::string_view name;
};
constexpr std::array kGenerations{
    Generation{768, "Stable Diffusion 1"},
    Generation{1024, "Stable Diffusion 2"},
    Generation{1280, "the SDXL refiner"},
    Generation{2048, "SDXL"},
};

/// Text from a file, fit for a message.
std::string printable(const std::string& text) {
  constexpr std::size_t kMost = 60;
  std::string clean = text.substr(0, kMost);
  std::erase_if(clean, [](unsigned char c) { return c < 0x20 || c >= 0x7F; });
  return clean;
}

std::string from_metadata(const Metadata& metadata) {
  for (const char* key : {"ss_base_model_version", "modelspec.architecture", "ss_sd_model_name"}) {
    const auto found = metadata.find(key);
    if (found != metadata.end() && !found->second.empty()) return printable(found->second);
  }
  return "";
}

std::string from_widths(const std::vector<AdapterModule>& modules) {
  for (const auto& module : modules) {
    if (!module.name.ends_with("attn2_to_k") && !module.name.ends_with("attn2.to_k")) continue;
    if (!module.has("down") || module.part("down").dim() < 2) continue;
    for (const auto& [context, name] : kGenerations) {
      if (module.part("down").size(1) == context) return std::string(name);
    }
  }
  return "";
}

/// Shape of the part of a tensor that the target means.
std::vector<std::int64_t> part_shape(const AdapterTarget& target, const std::string& name,
                                     const TensorMap& model) {
  const auto found = model.find(name);
  if (found == model.end()) {
    throw Error(ErrorKind::Corrupt, "the model has no tensor '" + name + "'");
  }
  return part_of(found->second, target).sizes().vec();
}

void expect_module_fits(const AdapterMatch::Module& matched, const TensorMap& model) {
  const AdapterTarget& target = matched.target;
  const auto weight = part_shape(target, target.weight, model);
  if (target.bias.empty() || !changes_bias(*matched.module)) {
    return expect_fit(*matched.module, weight, std::nullopt);
  }
  const auto bias = part_shape(target, target.bias, model);
  expect_fit(*matched.module, weight, at::IntArrayRef(bias));
}

std::string hint_for(const Adapter& adapter) {
  const std::string base = made_for(adapter);
  return base.empty() ? "use an adapter that was made for this model"
                      : "it was made for " + base + "; use it with such a model";
}

std::string count_of(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// The module that a key belongs to: everything before its first '.' in kohya's spelling.
std::string module_of(const std::string& key) {
  return key.starts_with("lora_") ? key.substr(0, key.find('.')) : key;
}

}  // namespace

AdapterMatch match_adapter(const Adapter& adapter, const AdapterNames& names) {
  AdapterMatch match{{}, adapter.foreign_keys};
  std::set<std::pair<std::string, int>> taken;
  for (const auto& module : adapter.modules) {
    const AdapterTarget* target = names.find(module.name);
    const bool applies = target && !adapter_kind(module).empty() &&
                         taken.insert({target->weight, target->third}).second;
    if (applies) {
      match.modules.push_back({&module, *target});
      for (auto& key : unused_keys(module)) match.unused.push_back(std::move(key));
    } else {
      for (const auto& [name, part] : module.parts) match.unused.push_back(part.key);
    }
  }
  std::sort(match.unused.begin(), match.unused.end());
  return match;
}

void expect_fit(const Adapter& adapter, const AdapterMatch& match, const TensorMap& model) {
  if (match.modules.empty() && adapter.embeddings.empty()) {
    throw Error(ErrorKind::Corrupt,
                adapter.name + ": none of its " + count_of(match.unused.size(), "tensor") +
                    " changes a layer of this model",
                hint_for(adapter));
  }
  for (const auto& matched : match.modules) {
    try {
      expect_module_fits(matched, model);
    } catch (const Error& e) {
      throw Error(e.kind(),
                  adapter.name + " does not fit this model: " + e.what() + " (" +
                      matched.target.weight + ")",
                  hint_for(adapter));
    }
  }
}

std::string coverage_report(const Adapter& adapter, const AdapterMatch& match,
                            const AdapterNames& names) {
  std::map<std::string, std::size_t> kinds;
  std::size_t text_layers = 0;
  for (const auto& [module, target] : match.modules) {
    ++kinds[adapter_kind(*module)];
    text_layers += target.text_encoder;
  }
  std::string report = adapter.name + ": changes " +
                       count_of(match.modules.size() - text_layers, "layer") +
                       " of the U-Net and " + std::to_string(text_layers) + " of the text encoders";
  for (const auto& [kind, count] : kinds) {
    report += (kind == kinds.begin()->first ? " (" : ", ") + std::to_string(count) + " " + kind;
  }
  if (!kinds.empty()) report += ")";
  if (!adapter.embeddings.empty()) {
    report += ", brings " + count_of(adapter.embeddings.size(), "embedding");
  }
  if (match.unused.empty()) return report + "; every tensor is used";

  report += "; no effect: " + count_of(match.unused.size(), "tensor") + ", ";
  for (std::size_t i = 0; i < std::min(kListed, match.unused.size()); ++i) {
    const std::string near = names.nearest_to(module_of(match.unused[i]));
    report += (i ? ", " : "") + printable(match.unused[i]);
    if (!near.empty()) report += " (the model has " + near + ")";
  }
  return match.unused.size() > kListed ? report + ", ..." : report;
}

std::string made_for(const Adapter& adapter) {
  const std::string named = from_metadata(adapter.metadata);
  return named.empty() ? from_widths(adapter.modules) : named;
}

}  // namespace sfumato
