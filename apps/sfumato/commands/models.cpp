#include <algorithm>
#include <filesystem>
#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../table.h"
#include "sfumato/base/error.h"
#include "sfumato/family/embedded_scenes.h"
#include "sfumato/family/family.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

struct ModelsOptions {
  std::string folder = "models";
  bool json = false;
};
constexpr std::array kModelsFields{
    Field<ModelsOptions>{"folder", &ModelsOptions::folder, "where to look for models"},
    Field<ModelsOptions>{"json", &ModelsOptions::json, "print JSON"},
};

struct Found {
  std::string name, family;
};

std::string family_in(const fs::path& file) {
  try {
    return read_family(file).family;
  } catch (const Error& e) {
    return std::string("(") + e.what() + ")";
  }
}

std::vector<Found> find_models(const fs::path& folder) {
  std::vector<Found> found;
  if (const auto family = embedded_scenes_file("family.toml")) {
    found.push_back({"scenes", parse_family(*family, "scenes/family.toml").family});
  }
  if (!fs::is_directory(folder)) {
    if (folder == ModelsOptions{}.folder) return found;
    throw Error(ErrorKind::NotFound, "no such folder: " + folder.string());
  }
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    if (entry.extension() == ".safetensors") {
      found.push_back({entry.string(), "see: sfumato inspect"});
    } else if (fs::exists(entry / "family.toml") && fs::exists(entry / "model.safetensors")) {
      found.push_back({entry.string(), family_in(entry / "family.toml")});
    }
  }
  return found;
}

std::string size_of(const ModelConfig& config) {
  return std::to_string(config.defaults.width) + "x" + std::to_string(config.defaults.height);
}

std::string conditioned_on(const ModelConfig& config) {
  if (!config.unet) return "autoencoder only";
  std::string text;
  for (const auto& encoder : config.text_encoders) {
    text += (text.empty() ? "" : " + ") + std::string(encoder_kind_name(encoder.kind));
  }
  if (config.concat.kind != ConcatKind::None) {
    text += (text.empty() ? "" : " + ") + std::string(concat_kind_name(config.concat.kind));
  }
  return text.empty() ? "nothing" : text;
}

void run_models(std::span<const char* const> args, Streams io) {
  ModelsOptions options;
  Flags flags("sfumato models", "lists the models found here and the families that can be loaded");
  flags.add<ModelsOptions>(options, kModelsFields);
  if (!flags.parse(args, io.out)) return;
  const auto found = find_models(options.folder);

  if (options.json) {
    nlohmann::ordered_json json{{"models", nlohmann::json::array()},
                                {"families", nlohmann::json::array()}};
    for (const auto& m : found) json["models"].push_back({{"name", m.name}, {"family", m.family}});
    for (const auto& c : families()) {
      json["families"].push_back({{"name", c.family},
                                  {"width", c.defaults.width},
                                  {"height", c.defaults.height},
                                  {"conditioned_on", conditioned_on(c)}});
    }
    io.out << json.dump(2) << "\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "FAMILY"}};
  for (const auto& m : found) rows.push_back({m.name, m.family});
  if (found.empty()) rows.push_back({"(none)"});
  print_table(io.out, rows);
  io.out << "\n";
  rows = {{"FAMILY", "SIZE", "CONDITIONED ON"}};
  for (const auto& c : families()) rows.push_back({c.family, size_of(c), conditioned_on(c)});
  print_table(io.out, rows);
}

}  // namespace

const Command list_models{
    .name = "models", .summary = "list models and model families", .run = run_models};

}  // namespace sfumato::cli
