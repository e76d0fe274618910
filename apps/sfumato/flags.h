#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/base/fields.h"

namespace sfumato::cli {

/// The flags of one command, collected from field tables; help and errors follow from them.
///
///   Flags flags("sfumato data scenes", "draw captioned pictures");
///   flags.add<SceneOptions>(options, kSceneOptionFields);
///   if (!flags.parse(args, io.out)) return;  // --help was asked for and printed
class Flags {
 public:
  Flags(std::string command, std::string summary)
      : command_(std::move(command)), summary_(std::move(summary)) {}

  /// Every field of `object` becomes "--name VALUE" (or "--name" for a bool). `object` must outlive
  /// parse(). Its present values are shown as defaults.
  template <class T>
  void add(T& object, std::span<const Field<T>> table, const std::string& title = "options") {
    for (const auto& field : table) {
      const auto json = to_json(object, std::span(&field, 1));
      rows_.push_back({std::string(field.name), std::string(fields::value_hint(field)),
                       std::string(field.help), title, json.empty() ? "" : shown(*json.begin()),
                       fields::split_choices(field.choices),
                       [&object, &field](std::string_view text) {
                         fields::set_from_text(object, field, text);
                       }});
    }
  }
  /// A flag that may be given several times; `take` is called with each value, in order.
  void add_repeated(std::string name, std::string value_hint, std::string help,
                    std::function<void(std::string_view)> take,
                    const std::string& title = "options");
  /// A word without a flag; `take` is called with each, in order, at most `most` times.
  void add_positional(std::string name, std::string help, std::size_t most,
                      std::function<void(std::string_view)> take);

  /// Understands --name value, --name=value, --switch, and -- (only positionals follow). Throws
  /// InvalidArgument with the nearest known flag. False: --help, or --describe as the only word,
  /// was asked for and written to `out`.
  bool parse(std::span<const char* const> args, std::ostream& out);

  void print_help(std::ostream& out) const;
  /// The same as JSON, for completion scripts and the manual (description.h).
  nlohmann::ordered_json description() const;

 private:
  struct Row {
    std::string name, value_hint, help, title, fallback;
    std::vector<std::string> choices;
    std::function<void(std::string_view)> set;
  };
  struct Positional {
    std::string name, help;
    std::size_t most = 0, taken = 0;
    std::function<void(std::string_view)> take;
  };
  static std::string shown(const nlohmann::ordered_json& value);
  std::size_t take_flag(std::span<const char* const> args, std::size_t at);
  void take_positional(std::string_view word);

  std::string command_, summary_;
  std::vector<Row> rows_;
  std::vector<Positional> positionals_;
};

}  // namespace sfumato::cli
