#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sfumato::cli {

/// A value for a flag that the command line leaves open.
struct Setting {
  nlohmann::json value;  ///< from a file: as written there; from the environment: a text
  std::string where;     ///< "sfumato.toml:3" or "SFUMATO_STEPS"
  bool is_text = false;  ///< a text whatever the flag's type
};

/// The files of settings, strongest first; they need not exist. Without `config`: ./sfumato.toml,
/// then sfumato/config.toml in $XDG_CONFIG_HOME or ~/.config. With it only that file, or none when
/// it is "".
std::vector<std::filesystem::path> settings_files(const std::optional<std::string>& config);

/// "negative-prompt" -> "SFUMATO_NEGATIVE_PROMPT"
std::string environment_name(const std::string& flag);
/// The variable's value; an empty one counts as not set. "models-dir" has SFUMATO_MODELS too.
std::optional<std::string> from_environment(const std::string& flag);

/// The strongest setting for each of the flags of a command ("eval scenes") that has one: of the
/// environment before that of the files in their order; in a file the command's own section before
/// what stands above all sections. Throws InvalidArgument naming file and line for a key or section
/// that no command has, NotFound when the file named by `config` is missing.
std::map<std::string, Setting> settings_for(const std::string& command,
                                            std::span<const std::string> flags,
                                            const std::optional<std::string>& config);

}  // namespace sfumato::cli
