#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings.h"
#include "sfumato/base/fields.h"

namespace sfumato::cli {

/// Whether the words ask for help or for a description instead of work.
bool asks_for_help(std::span<const char* const> args);

/// The value that the words give to a flag which every command has, "config" or "progress".
std::optional<std::string> general_flag(std::span<const char* const> args, std::string_view name);

/// The files of settings that the words or the environment name instead of the usual ones.
std::optional<std::string> config_named(std::span<const char* const> args);

/// How progress is told: "auto", "json" or "none". `words` are those of the command and `args`,
/// which begin with its part if it has parts, those behind its name.
std::string progress_asked_for(const std::string& words, std::span<const char* const> args);

/// The flags of one command, collected from field tables; help and errors follow from them. A flag
/// that is not given takes its value from the settings (settings.h) before its default counts.
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
      rows_.push_back({.name = std::string(field.name),
                       .value_hint = std::string(fields::value_hint(field)),
                       .help = std::string(field.help),
                       .title = title,
                       .fallback = json.empty() ? "" : shown(*json.begin()),
                       .choices = fields::split_choices(field.choices),
                       .set = [&object, &field](std::string_view text) {
                         fields::set_from_text(object, field, text);
                       }});
    }
  }
  /// A flag that may be given several times, and a list in a file of settings; `take` is called
  /// with each value, in order.
  void add_repeated(std::string name, std::string value_hint, std::string help,
                    std::function<void(std::string_view)> take,
                    const std::string& title = "options");
  /// A word without a flag; `take` is called with each, in order, at most `most` times.
  void add_positional(std::string name, std::string help, std::size_t most,
                      std::function<void(std::string_view)> take);

  /// The flags under this title, apart from some, keep the present values of their objects unless
  /// they are given: settings do not count for them.
  void without_settings(std::string_view title, std::span<const std::string_view> except = {});

  /// Understands --name value, --name=value, --switch, and -- (only positionals follow). Throws
  /// InvalidArgument with the nearest known flag. False: --help, or --describe as the only word,
  /// was asked for and written to `out`.
  bool parse(std::span<const char* const> args, std::ostream& out);

  /// After parse(): whether the words themselves gave the flag.
  bool given(const std::string& name) const { return given_.contains(name); }

  /// Understands the words alone: no settings count, and there are no general flags.
  void parse_words(std::span<const char* const> args);

  void print_help(std::ostream& out) const;
  /// The same as JSON, for completion scripts and the manual (description.h).
  nlohmann::ordered_json description() const;

 private:
  struct Row {
    std::string name, value_hint, help, title, fallback;
    std::vector<std::string> choices;
    std::function<void(std::string_view)> set;
    bool repeated = false, from_settings = true;
  };
  struct Positional {
    std::string name, help;
    std::size_t most = 0, taken = 0;
    std::function<void(std::string_view)> take;
  };
  struct Word {
    const Row* row;  ///< null: a word without a flag
    std::string_view value;
  };
  static std::string shown(const nlohmann::ordered_json& value);
  void add_general_flags();
  std::vector<Word> split(std::span<const char* const> args);
  Word read_flag(std::span<const char* const> args, std::size_t& at);
  void apply_settings(std::span<const char* const> args);
  void take_setting(const Row& row, const Setting& setting) const;
  void take(const std::vector<Word>& words);
  void take_positional(std::string_view word);

  std::string command_, summary_;
  std::vector<Row> rows_;
  std::vector<Positional> positionals_;
  std::set<std::string> given_;
};

}  // namespace sfumato::cli
