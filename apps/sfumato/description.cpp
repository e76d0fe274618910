#include "description.h"

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

namespace sfumato::cli {
namespace {

CommandDescription ask(const Command& command, std::string_view part, const Streams& io) {
  const std::string word(part);
  std::vector<const char*> args;
  if (!word.empty()) args.push_back(word.c_str());
  args.push_back("--describe");
  std::ostringstream answer;
  command.run(args, {.out = answer, .err = io.err, .cancel = io.cancel});

  const auto json = nlohmann::json::parse(answer.str());
  CommandDescription result{.name = std::string(command.name),
                            .part = word,
                            .summary = json.at("summary"),
                            .arguments = {},
                            .flags = {}};
  for (const auto& row : json.at("arguments")) {
    result.arguments.push_back(
        {.name = row.at("name"), .help = row.at("help"), .many = row.at("many")});
  }
  for (const auto& row : json.at("flags")) {
    result.flags.push_back({.name = row.at("name"),
                            .value = row.at("value"),
                            .help = row.at("help"),
                            .section = row.at("section"),
                            .fallback = row.at("default"),
                            .choices = row.at("choices")});
  }
  return result;
}

}  // namespace

std::vector<CommandDescription> describe_commands(const Streams& io) {
  std::vector<CommandDescription> all;
  for (const Command* command : commands()) {
    if (command->parts.empty()) all.push_back(ask(*command, "", io));
    for (const std::string_view part : command->parts) all.push_back(ask(*command, part, io));
  }
  return all;
}

}  // namespace sfumato::cli
