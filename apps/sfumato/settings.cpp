#include "settings.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <sstream>
#include <system_error>

#include "description.h"
#include "sfumato/base/error.h"
#include "sfumato/base/fields.h"
#include "sfumato/base/nearest.h"
#include "sfumato/base/toml.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

/// "eval scenes" -> "eval.scenes", the name of its section.
std::string section_name(std::string words) {
  std::replace(words.begin(), words.end(), ' ', '.');
  return words;
}

/// The keys that each section may have; "" is what stands above them.
std::map<std::string, std::set<std::string>> keys_of_sections() {
  std::ostringstream unused;
  std::map<std::string, std::set<std::string>> sections;
  for (const auto& command : describe_commands({.out = unused, .err = unused, .cancel = {}})) {
    auto& own = sections[section_name(command.words())];
    for (const auto& flag : command.flags) {
      if (flag.name == "config") continue;  // a file does not name another one
      own.insert(fields::json_name(flag.name));
      sections[""].insert(fields::json_name(flag.name));
    }
  }
  return sections;
}

std::string section_of(const TomlEntry& entry) {
  std::string name;
  for (const auto& table : entry.tables) name += (name.empty() ? "" : ".") + table;
  return name;
}

std::string place_of(const fs::path& file, const TomlEntry& entry) {
  return file.string() + ":" + std::to_string(entry.line);
}

void expect_known_keys(const fs::path& file, const std::vector<TomlEntry>& entries) {
  if (entries.empty()) return;
  const auto sections = keys_of_sections();
  for (const auto& entry : entries) {
    const std::string name = section_of(entry);
    const auto section = sections.find(name);
    if (section == sections.end()) {
      std::vector<std::string> known;
      for (const auto& [other, keys] : sections) {
        if (!other.empty()) known.push_back(other);
      }
      throw Error(ErrorKind::InvalidArgument,
                  place_of(file, entry) + ": unknown section [" + name + "]",
                  suggestion(name, known));
    }
    if (section->second.contains(entry.key)) continue;
    const std::vector<std::string> known(section->second.begin(), section->second.end());
    const std::string where = name.empty() ? "" : " in [" + name + "]";
    throw Error(ErrorKind::InvalidArgument,
                place_of(file, entry) + ": unknown key '" + entry.key + "'" + where,
                suggestion(entry.key, known));
  }
}

/// The entry that says `key` for a command; null when none does.
const TomlEntry* find_entry(const std::vector<TomlEntry>& entries, const std::string& command,
                            const std::string& key) {
  const TomlEntry* found = nullptr;
  for (const auto& entry : entries) {
    if (entry.key != key) continue;
    if (section_of(entry) == section_name(command)) return &entry;
    if (entry.tables.empty()) found = &entry;
  }
  return found;
}

fs::path user_folder() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return fs::path(text ? text : "");
  };
  const fs::path config = value("XDG_CONFIG_HOME");
  if (config.is_absolute()) return config;
  return value("HOME").empty() ? fs::path() : value("HOME") / ".config";
}

}  // namespace

std::vector<fs::path> settings_files(const std::optional<std::string>& config) {
  if (config) return config->empty() ? std::vector<fs::path>{} : std::vector<fs::path>{*config};
  std::vector<fs::path> files{"sfumato.toml"};
  const fs::path user = user_folder();
  if (!user.empty()) files.push_back(user / "sfumato" / "config.toml");
  return files;
}

std::string environment_name(const std::string& flag) {
  std::string name = "SFUMATO_" + fields::json_name(flag);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::optional<std::string> from_environment(const std::string& flag) {
  const char* value = std::getenv(environment_name(flag).c_str());
  if ((!value || !*value) && flag == "models-dir") value = std::getenv("SFUMATO_MODELS");
  if (!value || !*value) return std::nullopt;
  return value;
}

std::map<std::string, Setting> settings_for(const std::string& command,
                                            std::span<const std::string> flags,
                                            const std::optional<std::string>& config) {
  std::map<std::string, Setting> settings;
  if (config && config->empty()) return settings;
  for (const auto& flag : flags) {
    const auto value = from_environment(flag);
    if (value) settings[flag] = {*value, environment_name(flag), /*is_text=*/true};
  }
  for (const auto& file : settings_files(config)) {
    std::error_code unreadable;  // a folder that may not be entered holds no settings
    if (!config && !fs::exists(file, unreadable)) continue;
    const auto entries = TomlTable::read(file).entries();
    expect_known_keys(file, entries);
    for (const auto& flag : flags) {
      const TomlEntry* entry = find_entry(entries, command, fields::json_name(flag));
      if (entry) settings.try_emplace(flag, Setting{entry->value, place_of(file, *entry)});
    }
  }
  return settings;
}

}  // namespace sfumato::cli
