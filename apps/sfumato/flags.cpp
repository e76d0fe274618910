#include "flags.h"

#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato::cli {

namespace {

const char* type_in_words(std::string_view value_hint, bool repeated) {
  if (value_hint.empty()) return "true or false";
  if (value_hint == "N") return "a whole number";
  if (value_hint == "X") return "a number";
  return repeated ? "a string or a list of strings" : "a string";
}

bool has_type(const nlohmann::json& value, std::string_view value_hint) {
  if (value_hint.empty()) return value.is_boolean();
  if (value_hint == "N") return value.is_number_integer();
  if (value_hint == "X") return value.is_number();
  return value.is_string();
}

/// The texts that a value in a file stands for. Throws InvalidArgument when its type is not that of
/// the flag `name`.
std::vector<std::string> texts_of(const nlohmann::json& value, const std::string& name,
                                  std::string_view value_hint, bool repeated) {
  const auto values = repeated && value.is_array() ? value : nlohmann::json::array({value});
  std::vector<std::string> texts;
  for (const auto& one : values) {
    if (!has_type(one, value_hint)) {
      throw Error(ErrorKind::InvalidArgument, fields::json_name(name) + ": expected " +
                                                  type_in_words(value_hint, repeated) + ", found " +
                                                  one.dump().substr(0, 60));
    }
    texts.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  }
  return texts;
}

constexpr std::string_view kProgressWays = "auto|json|none";

}  // namespace

bool asks_for_help(std::span<const char* const> args) {
  if (args.size() == 1 && std::string_view(args[0]) == "--describe") return true;
  for (const std::string_view word : args) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h") return true;
  }
  return false;
}

std::optional<std::string> general_flag(std::span<const char* const> args, std::string_view name) {
  const std::string flag = "--" + std::string(name), before_value = flag + "=";
  std::optional<std::string> value;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (word == "--") break;
    if (word == flag && i + 1 < args.size()) value = args[++i];
    if (word.starts_with(before_value)) value = word.substr(before_value.size());
  }
  return value;
}

std::optional<std::string> config_named(std::span<const char* const> args) {
  const auto given = general_flag(args, "config");
  return given ? given : from_environment("config");
}

std::string progress_asked_for(const std::string& words, std::span<const char* const> args) {
  if (const auto given = general_flag(args, "progress")) return *given;
  const std::string flag = "progress";
  const auto settings = settings_for(words, std::span(&flag, 1), config_named(args));
  const auto found = settings.find(flag);
  if (found == settings.end() || !found->second.value.is_string()) return "auto";
  return found->second.value.get<std::string>();  // parse() checks it
}

void Flags::add_repeated(std::string name, std::string value_hint, std::string help,
                         std::function<void(std::string_view)> take, const std::string& title) {
  rows_.push_back({.name = std::move(name),
                   .value_hint = std::move(value_hint),
                   .help = std::move(help),
                   .title = title,
                   .fallback = "",
                   .choices = {},
                   .set = std::move(take),
                   .repeated = true});
}

void Flags::add_general_flags() {
  if (rows_.empty()) return;  // nothing that settings could change
  const std::string title = "general";
  rows_.push_back({.name = "config",
                   .value_hint = "FILE",
                   .help = "settings to read instead of ./sfumato.toml and the user's",
                   .title = title,
                   .fallback = "",
                   .choices = {},
                   .set = [](std::string_view) {},  // read before all others
                   .from_settings = false});
  rows_.push_back({.name = "progress",
                   .value_hint = "WORD",
                   .help = "how the work is told of on standard error",
                   .title = title,
                   .fallback = "auto",
                   .choices = fields::split_choices(kProgressWays),
                   .set = [](std::string_view text) {  // main() has heeded it
                     fields::check_choice(std::string(text), kProgressWays, "--progress");
                   }});
}

void Flags::without_settings(std::string_view title, std::span<const std::string_view> except) {
  for (auto& row : rows_) {
    const bool open = std::find(except.begin(), except.end(), row.name) != except.end();
    if (row.title == title && !open) row.from_settings = false;
  }
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
  add_general_flags();
  if (args.size() == 1 && std::string_view(args[0]) == "--describe") {
    out << description().dump() << "\n";
    return false;
  }
  if (asks_for_help(args)) {
    print_help(out);
    return false;
  }
  const std::vector<Word> words = split(args);
  if (!rows_.empty()) apply_settings(args);
  take(words);
  return true;
}

void Flags::parse_words(std::span<const char* const> args) { take(split(args)); }

void Flags::take(const std::vector<Word>& words) {
  for (const auto& word : words) {
    if (word.row) {
      word.row->set(word.value);
    } else {
      take_positional(word.value);
    }
  }
}

std::vector<Flags::Word> Flags::split(std::span<const char* const> args) {
  std::vector<Word> words;
  bool only_positionals = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (!only_positionals && word == "--") {
      only_positionals = true;
    } else if (!only_positionals && word.size() > 1 && word.front() == '-') {
      words.push_back(read_flag(args, i));
      given_.insert(words.back().row->name);
    } else {
      words.push_back({nullptr, word});
    }
  }
  return words;
}

/// The flag at args[at]; `at` moves on to its last word.
Flags::Word Flags::read_flag(std::span<const char* const> args, std::size_t& at) {
  const std::string_view word = args[at];
  const auto equals = word.find('=');
  const std::string name(word.substr(0, equals));
  std::vector<std::string> known;
  for (const auto& row : rows_) {
    known.push_back("--" + row.name);
    if (known.back() != name) continue;
    if (equals != std::string_view::npos) return {&row, word.substr(equals + 1)};
    if (row.value_hint.empty()) return {&row, "true"};
    if (at + 1 == args.size()) {
      throw Error(ErrorKind::InvalidArgument, name + " needs a value",
                  name + " " + row.value_hint + ": " + row.help);
    }
    return {&row, args[++at]};
  }
  known.push_back("--help");
  const std::string near = nearest(name, known);
  throw Error(
      ErrorKind::InvalidArgument, "unknown option " + name,
      (near.empty() ? "" : "did you mean '" + near + "'? ") + "see " + command_ + " --help");
}

void Flags::apply_settings(std::span<const char* const> args) {
  std::vector<std::string> open;
  for (const auto& row : rows_) {
    if (row.from_settings && !given_.contains(row.name)) open.push_back(row.name);
  }
  const std::string words = command_.substr(command_.find(' ') + 1);  // without "sfumato"
  const auto settings = settings_for(words, open, config_named(args));
  for (const auto& row : rows_) {
    const auto found = settings.find(row.name);
    if (found != settings.end()) take_setting(row, found->second);
  }
}

void Flags::take_setting(const Row& row, const Setting& setting) const {
  try {
    const auto texts = setting.is_text
                           ? std::vector<std::string>{setting.value.get<std::string>()}
                           : texts_of(setting.value, row.name, row.value_hint, row.repeated);
    for (const auto& text : texts) row.set(text);
  } catch (const Error& e) {
    throw Error(e.kind(), setting.where + ": " + e.what(), e.hint());
  }
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
