#include <array>
#include <filesystem>
#include <ostream>

#include "../description.h"
#include "../flags.h"
#include "../table.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato::cli {
namespace {

struct ConfigFlags {
  bool json = false;
};
constexpr std::array kConfigFields{Field<ConfigFlags>{"json", &ConfigFlags::json, "print JSON"}};

/// A flag's value when the words do not give it, and who says so.
struct EffectiveValue {
  std::string flag, value, from;
};

CommandDescription described(const std::string& words, const Streams& io) {
  std::vector<std::string> known;
  for (auto& command : describe_commands(io)) {
    if (command.words() == words) return command;
    known.push_back(command.words());
  }
  throw Error(ErrorKind::InvalidArgument, "unknown command '" + words + "'",
              suggestion(words, known));
}

std::vector<EffectiveValue> effective_values(const CommandDescription& command,
                                             const std::optional<std::string>& config) {
  std::vector<std::string> names;
  for (const auto& flag : command.flags) {
    if (flag.name != "config") names.push_back(flag.name);
  }
  const auto settings = settings_for(command.words(), names, config);
  std::vector<EffectiveValue> values;
  for (const auto& flag : command.flags) {
    const auto found = settings.find(flag.name);
    if (found != settings.end()) {
      const auto& value = found->second.value;
      values.push_back({flag.name, value.is_string() ? value.get<std::string>() : value.dump(),
                        found->second.where});
    } else if (flag.name != "config") {
      values.push_back({flag.name, flag.fallback, "default"});
    }
  }
  return values;
}

void run_config(std::span<const char* const> args, Streams io) {
  ConfigFlags options;
  std::string words;
  Flags flags("sfumato config",
              "prints what the flags of a command are when they are not given, and who says so");
  flags.add_positional(
      "COMMAND", "such as txt2img, or eval scenes [txt2img]", 2,
      [&](std::string_view word) { words.append(words.empty() ? "" : " ").append(word); });
  flags.add<ConfigFlags>(options, kConfigFields);
  if (!flags.parse(args, io.out)) return;
  const auto config = config_named(args);
  const auto values = effective_values(described(words.empty() ? "txt2img" : words, io), config);
  const auto files = settings_files(config);

  if (options.json) {
    nlohmann::ordered_json json{{"files", nlohmann::json::array()},
                                {"values", nlohmann::json::array()}};
    for (const auto& file : files) {
      json["files"].push_back({{"file", file.string()}, {"exists", std::filesystem::exists(file)}});
    }
    for (const auto& [flag, value, from] : values) {
      json["values"].push_back({{"flag", flag}, {"value", value}, {"from", from}});
    }
    io.out << json.dump(2) << "\n";
    return;
  }
  for (const auto& file : files) {
    io.out << file.string() << (std::filesystem::exists(file) ? "\n" : " (absent)\n");
  }
  io.out << "\n";
  std::vector<std::vector<std::string>> rows{{"FLAG", "VALUE", "FROM"}};
  for (const auto& [flag, value, from] : values) {
    rows.push_back({"--" + flag, value.empty() ? "-" : value, from});
  }
  print_table(io.out, rows);
}

}  // namespace

const Command show_config{
    .name = "config", .summary = "show the settings of a command", .run = run_config};

}  // namespace sfumato::cli
