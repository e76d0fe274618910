#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sfumato/base/toml.h"

namespace sfumato {

/// One member of a plain struct as people and machines see it: the row behind a flag, a JSON key, a
/// TOML key and a line of help. std::optional members mean "not said". JSON and TOML spell the name
/// with '_' where the command line has '-'.
template <class T>
struct Field {
  template <class... V>
  using Members = std::variant<V T::*..., std::optional<V> T::*...>;

  std::string_view name;  ///< "negative-prompt"
  Members<std::string, bool, int, std::int64_t, std::uint64_t, double> member;
  std::string_view help;
  /// Inclusive bounds of a number.
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::string_view choices = {};  ///< the words allowed, "crop|fill"; "": any text
  std::string_view web_ui = {};   ///< its name in the web API of A1111, when it has one of its own
};

namespace fields {

template <class V>
struct ValueOf {
  using type = V;
};
template <class V>
struct ValueOf<std::optional<V>> {
  using type = V;
};

/// "negative-prompt" -> "negative_prompt"
std::string json_name(std::string_view name);

// Readers of one value. `where` names it in messages ("--steps", "request: steps"); all throw
// InvalidArgument with what was expected and what was found.
void from_text(std::string_view text, const std::string& where, std::string& value);
void from_text(std::string_view text, const std::string& where, bool& value);
void from_text(std::string_view text, const std::string& where, int& value);
void from_text(std::string_view text, const std::string& where, std::int64_t& value);
void from_text(std::string_view text, const std::string& where, std::uint64_t& value);
void from_text(std::string_view text, const std::string& where, double& value);
void from_json(const nlohmann::json& json, const std::string& where, std::string& value);
void from_json(const nlohmann::json& json, const std::string& where, bool& value);
void from_json(const nlohmann::json& json, const std::string& where, int& value);
void from_json(const nlohmann::json& json, const std::string& where, std::int64_t& value);
void from_json(const nlohmann::json& json, const std::string& where, std::uint64_t& value);
void from_json(const nlohmann::json& json, const std::string& where, double& value);

/// "crop|fill" -> "crop", "fill"
std::vector<std::string> split_choices(std::string_view choices);
/// Throws InvalidArgument with the nearest choice; any value is right when there are no choices.
void check_choice(const std::string& value, std::string_view choices, const std::string& where);
void check_range(double value, double min, double max, const std::string& where);
void expect_object(const nlohmann::json& json, const std::string& where);
[[noreturn]] void unknown_key(const std::string& where, const std::string& key,
                              std::span<const std::string> known);

/// The kind of value, as help shows it: "TEXT", "WORD", "N", "X" or "" for a switch.
template <class T>
std::string_view value_hint(const Field<T>& field) {
  if (!field.choices.empty()) return "WORD";
  return std::visit(
      []<class M>(M T::*) -> std::string_view {
        using V = typename ValueOf<M>::type;
        if constexpr (std::is_same_v<V, bool>) return "";
        if constexpr (std::is_same_v<V, std::string>) return "TEXT";
        if constexpr (std::is_same_v<V, double>) return "X";
        return "N";
      },
      field.member);
}

/// Reads one value with `read(value)`, checks its range and stores it.
template <class T, class Read>
void store(T& object, const Field<T>& field, const std::string& where, Read read) {
  std::visit(
      [&]<class M>(M T::*member) {
        typename ValueOf<M>::type value{};
        read(value);
        using V = typename ValueOf<M>::type;
        if constexpr (std::is_arithmetic_v<V> && !std::is_same_v<V, bool>) {
          check_range(static_cast<double>(value), field.min, field.max, where);
        }
        if constexpr (std::is_same_v<V, std::string>) check_choice(value, field.choices, where);
        object.*member = std::move(value);
      },
      field.member);
}

template <class T>
void set_from_text(T& object, const Field<T>& field, std::string_view text) {
  const std::string where = "--" + std::string(field.name);
  store(object, field, where, [&](auto& value) { from_text(text, where, value); });
}

/// A row of a base's table as a row of the table of `T`.
template <class T, class Base>
constexpr Field<T> inherited(const Field<Base>& row) {
  return std::visit(
      [&row]<class M>(M Base::*member) {
        return Field<T>{
            row.name,  static_cast<M T::*>(member), row.help, row.min, row.max, row.choices,
            row.web_ui};
      },
      row.member);
}

/// The table of a struct that is put together from others by inheritance: their tables in turn.
template <class T, class... Base, std::size_t... N>
constexpr std::array<Field<T>, (N + ...)> joined(const std::array<Field<Base>, N>&... tables) {
  std::array<Field<T>, (N + ...)> all{};
  std::size_t at = 0;
  const auto add = [&](const auto& table) {
    for (const auto& row : table) all[at++] = inherited<T>(row);
  };
  (add(tables), ...);
  return all;
}

/// The table without some of its rows, for members that a task sets itself.
template <class T, std::size_t N, std::size_t K>
constexpr std::array<Field<T>, N - K> without(const std::array<Field<T>, N>& table,
                                              const std::array<std::string_view, K>& names) {
  std::array<Field<T>, N - K> rest{};
  std::size_t at = 0;
  for (const auto& row : table) {
    if (std::find(names.begin(), names.end(), row.name) == names.end()) rest.at(at++) = row;
  }
  return rest;
}

}  // namespace fields

/// Members that were not said are left out.
template <class T>
nlohmann::ordered_json to_json(const T& object, std::span<const Field<T>> table) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& field : table) {
    std::visit(
        [&]<class M>(M T::*member) {
          const auto& value = object.*member;
          const std::string key = fields::json_name(field.name);
          if constexpr (requires { value.has_value(); }) {
            if (value) json[key] = *value;
          } else {
            json[key] = value;
          }
        },
        field.member);
  }
  return json;
}

/// Fills `object` from a JSON object. Unknown keys, wrong types and values out of range throw
/// InvalidArgument that begins with `where`; null means "not said".
template <class T>
void from_json(const nlohmann::json& json, std::span<const Field<T>> table,
               const std::string& where, T& object) {
  fields::expect_object(json, where);
  std::vector<std::string> known;
  for (const auto& field : table) known.push_back(fields::json_name(field.name));
  for (const auto& [key, value] : json.items()) {
    const auto at = std::find(known.begin(), known.end(), key);
    if (at == known.end()) fields::unknown_key(where, key, known);
    if (value.is_null()) continue;
    const std::string place = where + ": " + key;
    fields::store(object, table[static_cast<std::size_t>(at - known.begin())], place,
                  [&](auto& to) { fields::from_json(value, place, to); });
  }
}

/// Fills `object` from a TOML table; the caller calls finish() on it.
template <class T>
void from_toml(TomlTable& toml, std::span<const Field<T>> table, T& object) {
  for (const auto& field : table) {
    const std::string key = fields::json_name(field.name);
    if (!toml.has(key)) continue;
    fields::store(object, field, toml.where(key), [&]<class V>(V& to) {
      if constexpr (std::is_integral_v<V> && !std::is_same_v<V, bool>) {
        std::int64_t whole = 0;
        toml.get(key, whole);
        fields::from_json(nlohmann::json(whole), toml.where(key), to);
      } else {
        toml.get(key, to);
      }
    });
  }
}

}  // namespace sfumato
