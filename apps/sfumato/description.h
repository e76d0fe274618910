#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace sfumato::cli {

/// One flag of a command, as its field table says.
struct FlagDescription {
  std::string name, value, help, section, fallback;  ///< value "": a switch; fallback: the default
  std::vector<std::string> choices;
};

struct ArgumentDescription {
  std::string name, help;
  bool many = false;
};

/// A command or, where a command has parts, one of them.
struct CommandDescription {
  std::string name, part, summary;  ///< "data", "scenes"
  std::vector<ArgumentDescription> arguments;
  std::vector<FlagDescription> flags;

  std::string words() const { return part.empty() ? name : name + ' ' + part; }
};

/// All commands in menu order. They are asked by running each with --describe, which does nothing
/// else; `io` is only handed on.
std::vector<CommandDescription> describe_commands(const Streams& io);

}  // namespace sfumato::cli
