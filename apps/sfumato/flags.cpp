#include "flags.h"

#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato::cli {

void Flags::add_repeated(std::string name, std::string value_hint, std::string help,
                         std::function<void(std::string_view)> take, const std::string& title) {
  rows_.push_back(
      {std::move(name), std::move(value_hint), std::move(help), title, "", {}, std::move(take)});
}

void Flags::add_positional(std::string name, std::string help, std::size_t most,
                           std::function<void(std::string_view)> take) {
  positionals_.push_back({std::move(name), std::move(help), most, 0, std::move(take)});
}

std::string Flags::shown(const nlohmann::ordered_json& value) {
  if (value.is_boolean() || (value.is_string() && value.get<std::string>().empty())) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool Flags::parse(std::span<const char* const> args, std::ostream& out) {
  if (args.size() == 1 && std::string_view(args[0]) == "--describe") {
    out << description().dump() << "\n";
    return false;
  }
  for (const std::string_view word : args) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") {
      print_help(out);
      return false;
    }
  }
  bool only_positionals = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (!only_positionals && word == "--") {
      only_positionals = true;
    } else if (!only_positionals && word.size() > 1 && word.front() == '-') {
      i = take_flag(args, i);
    } else {
      take_positional(word);
    }
  }
  return true;
}

std::size_t Flags::take_flag(std::span<const char* const> args, std::size_t at) {
  const std::string_view word = args[at];
  const auto equals = word.find('=');
  const std::string name(word.substr(0, equals));
  std::vector<std::string> known;
  for (const auto& row : rows_) {
    known.push_back("--" + row.name);
    if (known.back() != name) continue;
    if (equals != std::string_view::npos) {
      row.set(word.substr(equals + 1));
      return at;
    }
    if (row.value_hint.empty()) {
      row.set("true");
      return at;
    }
    if (at + 1 == args.size()) {
      throw Error(ErrorKind::InvalidArgument, name + " needs a value",
                  name + " " + row.value_hint + ": " + row.help);
    }
    row.set(args[at + 1]);
    return at + 1;
  }
  known.push_back("--help");
  const std::string near = nearest(name, known);
  throw Error(
      ErrorKind::InvalidArgument, "unknown option " + name,
      (near.empty() ? "" : "did you mean '" + near + "'? ") + "see " + command_ + " --help");
}

void Flags::take_positional(std::string_view word) {
  for (auto& positional : positionals_) {
    if (positional.taken == positional.most) continue;
    ++positional.taken;
    positional.take(word);
    return;
  }
  throw Error(ErrorKind::InvalidArgument, "unexpected argument '" + std::string(word) + "'",
              std::string(positionals_.empty() ? "" : "put a text of several words in quotes; ") +
                  "see " + command_ + " --help");
}

void Flags::print_help(std::ostream& out) const {
  out << "usage: " << command_;
  for (const auto& positional : positionals_) {
    out << " [" << positional.name << (positional.most > 1 ? "]..." : "]");
  }
  out << (rows_.empty() ? "\n" : " [options]\n") << "\n" << summary_ << "\n";

  std::size_t width = 6;
  const auto left = [](const Row& row) {
    return "--" + row.name + (row.value_hint.empty() ? "" : " " + row.value_hint);
  };
  for (const auto& row : rows_) width = std::max(width, left(row).size());
  for (const auto& positional : positionals_) width = std::max(width, positional.name.size());

  const auto line = [&](const std::string& name, const std::string& help) {
    out << "  " << name << std::string(width + 2 - name.size(), ' ') << help << "\n";
  };
  if (!positionals_.empty()) out << "\narguments\n";
  for (const auto& positional : positionals_) line(positional.name, positional.help);
  std::string title;
  for (const auto& row : rows_) {
    if (row.title != title) out << "\n" << row.title << "\n";
    title = row.title;
    std::string choices;
    for (const auto& choice : row.choices) choices += (choices.empty() ? "" : ", ") + choice;
    line(left(row), row.help + (choices.empty() ? "" : ": " + choices) +
                        (row.fallback.empty() ? "" : " [" + row.fallback + "]"));
  }
  line("--help", "this text");
}

nlohmann::ordered_json Flags::description() const {
  auto json = nlohmann::ordered_json::object();
  json["command"] = command_;
  json["summary"] = summary_;
  json["arguments"] = nlohmann::ordered_json::array();
  for (const auto& positional : positionals_) {
    json["arguments"].push_back(
        {{"name", positional.name}, {"help", positional.help}, {"many", positional.most > 1}});
  }
  json["flags"] = nlohmann::ordered_json::array();
  for (const auto& row : rows_) {
    json["flags"].push_back({{"name", row.name},
                             {"value", row.value_hint},
                             {"help", row.help},
                             {"section", row.title},
                             {"default", row.fallback},
                             {"choices", row.choices}});
  }
  return json;
}

}  // namespace sfumato::cli
