#include "completion.h"

#include <algorithm>
#include <utility>

namespace sfumato::cli {
namespace {

std::string joined(std::span<const std::string> words, const char* between = " ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// Every command once, in their order, with the parts it has.
std::vector<std::pair<std::string, std::vector<std::string>>> names_of(
    std::span<const CommandDescription> commands) {
  std::vector<std::pair<std::string, std::vector<std::string>>> names;
  for (const auto& command : commands) {
    if (names.empty() || names.back().first != command.name) {
      names.emplace_back(command.name, std::vector<std::string>{});
    }
    if (!command.part.empty()) names.back().second.push_back(command.part);
  }
  return names;
}

std::string command_words(std::span<const CommandDescription> commands) {
  std::vector<std::string> words;
  for (const auto& [name, parts] : names_of(commands)) words.push_back(name);
  return joined(words);
}

// In single quotes for every one of the shells.
std::string in_quotes(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

// zsh reads brackets and colons of a description as its own marks.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string summary_of(std::span<const CommandDescription> commands, const std::string& name) {
  const auto at = std::find_if(commands.begin(), commands.end(),
                               [&](const auto& command) { return command.name == name; });
  return at->summary;
}

}  // namespace

std::string bash_completion(std::span<const CommandDescription> commands) {
  std::string values, flags, parts;
  for (const auto& command : commands) {
    std::vector<std::string> words;
    for (const auto& flag : command.flags) {
      words.push_back("--" + flag.name);
      if (flag.choices.empty()) continue;
      values += "    " + in_quotes(command.words() + " --" + flag.name) +
                ") words=" + in_quotes(joined(flag.choices)) + " ;;\n";
    }
    words.emplace_back("--help");
    flags += "    " + in_quotes(command.words()) + ") words=" + in_quotes(joined(words)) + " ;;\n";
  }
  for (const auto& [name, own] : names_of(commands)) {
    if (own.empty()) continue;
    parts += "    " + name +
             ")\n      if [ \"$COMP_CWORD\" = 2 ]; then\n        COMPREPLY=($(compgen -W " +
             in_quotes(joined(own)) + " -- \"$word\"))\n        return\n      fi\n" +
             "      command=\"$command ${COMP_WORDS[2]}\" ;;\n";
  }
  return "# bash completion of sfumato; to use it: source <(sfumato completion bash)\n"
         "_sfumato() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
         "  local command=\"${COMP_WORDS[1]}\" words=\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
         "    COMPREPLY=($(compgen -W " +
         in_quotes(command_words(commands)) +
         " -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"$command\" in\n" +
         parts +
         "  esac\n"
         "  case \"$command $before\" in\n" +
         values +
         "  esac\n"
         "  case \"$words$word\" in -*) case \"$command\" in\n" +
         flags +
         "  esac ;; esac\n"
         "  if [ -n \"$words\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _sfumato sfumato\n";
}

std::string zsh_completion(std::span<const CommandDescription> commands) {
  std::string menu, cases;
  for (const auto& [name, parts] : names_of(commands)) {
    menu += "    " + in_quotes(name + ":" + zsh_text(summary_of(commands, name))) + "\n";
    if (parts.empty()) continue;
    cases += "    " + name + ")\n      if (( CURRENT == 3 )); then compadd " + joined(parts) +
             "; return; fi\n      command=\"$command $words[3]\" skip=3 ;;\n";
  }
  std::string flags;
  for (const auto& command : commands) {
    flags += "    " + in_quotes(command.words()) + ") _arguments \\\n";
    for (const auto& flag : command.flags) {
      std::string spec = "--" + flag.name + "[" + zsh_text(flag.help) + "]";
      if (!flag.value.empty()) {
        spec += ":" + zsh_text(flag.value) + ":";
        if (!flag.choices.empty()) {
          spec += "(" + joined(flag.choices) + ")";
        } else if (flag.value != "N" && flag.value != "X") {
          spec += "_files";
        }
      }
      flags += "      " + in_quotes(spec) + " \\\n";
    }
    flags += "      '--help[what the command does]' '*:file:_files' ;;\n";
  }
  return "#compdef sfumato\n"
         "# zsh completion of sfumato; to use it: sfumato completion zsh > ${fpath[1]}/_sfumato\n"
         "_sfumato() {\n"
         "  local -a commands=(\n" +
         menu +
         "  )\n"
         "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
         "  local command=\"$words[2]\" skip=2\n"
         "  case \"$command\" in\n" +
         cases +
         "  esac\n"
         "  words=(\"${(@)words[skip,-1]}\")\n"
         "  (( CURRENT -= skip - 1 ))\n"
         "  case \"$command\" in\n" +
         flags +
         "  esac\n"
         "}\n"
         "_sfumato \"$@\"\n";
}

std::string fish_completion(std::span<const CommandDescription> commands) {
  std::string text =
      "# fish completion of sfumato; to use it:\n"
      "#   sfumato completion fish > ~/.config/fish/completions/sfumato.fish\n";
  for (const auto& [name, parts] : names_of(commands)) {
    text += "complete -c sfumato -f -n __fish_use_subcommand -a " + name + " -d " +
            in_quotes(summary_of(commands, name)) + "\n";
    if (parts.empty()) continue;
    text += "complete -c sfumato -f -n " +
            in_quotes("__fish_seen_subcommand_from " + name +
                      "; and not __fish_seen_subcommand_from " + joined(parts)) +
            " -a " + in_quotes(joined(parts)) + "\n";
  }
  for (const auto& command : commands) {
    std::string condition = "__fish_seen_subcommand_from " + command.name;
    if (!command.part.empty()) condition += "; and __fish_seen_subcommand_from " + command.part;
    for (const auto& flag : command.flags) {
      text += "complete -c sfumato -n " + in_quotes(condition) + " -l " + flag.name;
      if (!flag.choices.empty()) {
        text += " -x -a " + in_quotes(joined(flag.choices));
      } else if (!flag.value.empty()) {
        text += " -r";
      }
      text += " -d " + in_quotes(flag.help) + "\n";
    }
  }
  return text;
}

}  // namespace sfumato::cli
