#include "manual.h"

namespace sfumato::cli {
namespace {

// A cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') result += '\\';
    result += c;
  }
  return result;
}

std::string usage(const CommandDescription& command) {
  std::string text = "sfumato " + command.words();
  for (const auto& argument : command.arguments) {
    text += " [" + argument.name + (argument.many ? "]..." : "]");
  }
  return text + (command.flags.empty() ? "" : " [options]");
}

std::string meaning(const FlagDescription& flag) {
  std::string text = cell(flag.help);
  std::string choices;
  for (const auto& choice : flag.choices) choices += (choices.empty() ? "`" : ", `") + choice + "`";
  return choices.empty() ? text : text + ": " + choices;
}

std::string section(const CommandDescription& command) {
  std::string text = "## " + command.words() + "\n\n" + cell(command.summary) + ".\n\n```\n" +
                     usage(command) + "\n```\n";
  if (!command.arguments.empty()) text += "\n| argument | meaning |\n|---|---|\n";
  for (const auto& argument : command.arguments) {
    text += "| `" + argument.name + "` | " + cell(argument.help) + " |\n";
  }
  std::string title;
  for (const auto& flag : command.flags) {
    if (flag.section != title)
      text += "\n| " + flag.section + " | meaning | default |\n|---|---|---|\n";
    title = flag.section;
    text += "| `--" + flag.name + (flag.value.empty() ? "" : " " + flag.value) + "` | " +
            meaning(flag) + " | " + (flag.fallback.empty() ? "" : "`" + flag.fallback + "`") +
            " |\n";
  }
  return text;
}

}  // namespace

std::string markdown_manual(std::span<const CommandDescription> commands) {
  std::string text =
      "# Command line\n"
      "Made by `sfumato manual` from the field tables of the program; do not edit.\n\n"
      "`--name VALUE` and `--name=VALUE` mean the same, after `--` no flags follow, and `--help`\n"
      "goes with every command. Results are written to standard output, everything else to "
      "standard\n"
      "error. Flags that are not given take their values from the environment and from files,\n"
      "see [configuration](configuration.md). Exit status: 0 done, 1 the answer is no (verify),\n"
      "2 wrong usage, 3 bad input or output file, 4 unsupported or out of memory, 5 internal\n"
      "error, 130 interrupted.\n";
  for (const auto& command : commands) text += "\n" + section(command);
  return text;
}

}  // namespace sfumato::cli
