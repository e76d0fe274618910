#include "sfumato/base/fields.h"

#include <charconv>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato::fields {
namespace {

[[noreturn]] void wrong(const std::string& where, const char* expected, std::string_view found) {
  throw Error(ErrorKind::InvalidArgument, where + ": expected " + expected + ", found '" +
                                              std::string(found.substr(0, 60)) + "'");
}

template <class V>
void whole_from_text(std::string_view text, const std::string& where, V& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc() && end == text.data() + text.size() && !text.empty()) return;
  const char* expected = std::is_unsigned_v<V> ? "a whole number, 0 or more" : "a whole number";
  wrong(where, problem == std::errc::result_out_of_range ? "a smaller number" : expected, text);
}

template <class V>
void whole_from_json(const nlohmann::json& json, const std::string& where, V& value) {
  if (!json.is_number_integer()) wrong(where, "a whole number", json.dump());
  whole_from_text(json.dump(), where, value);  // checks that it fits
}

}  // namespace

std::string json_name(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

void from_text(std::string_view text, const std::string&, std::string& value) { value = text; }

void from_text(std::string_view text, const std::string& where, bool& value) {
  if (text != "true" && text != "false") wrong(where, "true or false", text);
  value = text == "true";
}

void from_text(std::string_view text, const std::string& where, int& value) {
  whole_from_text(text, where, value);
}
void from_text(std::string_view text, const std::string& where, std::int64_t& value) {
  whole_from_text(text, where, value);
}
void from_text(std::string_view text, const std::string& where, std::uint64_t& value) {
  whole_from_text(text, where, value);
}

void from_text(std::string_view text, const std::string& where, double& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    wrong(where, "a number", text);
  }
}

void from_json(const nlohmann::json& json, const std::string& where, std::string& value) {
  if (!json.is_string()) wrong(where, "a string", json.dump());
  value = json.get<std::string>();
}

void from_json(const nlohmann::json& json, const std::string& where, bool& value) {
  if (!json.is_boolean()) wrong(where, "true or false", json.dump());
  value = json.get<bool>();
}

void from_json(const nlohmann::json& json, const std::string& where, int& value) {
  whole_from_json(json, where, value);
}
void from_json(const nlohmann::json& json, const std::string& where, std::int64_t& value) {
  whole_from_json(json, where, value);
}
void from_json(const nlohmann::json& json, const std::string& where, std::uint64_t& value) {
  whole_from_json(json, where, value);
}

void from_json(const nlohmann::json& json, const std::string& where, double& value) {
  if (!json.is_number()) wrong(where, "a number", json.dump());
  value = json.get<double>();
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> words;
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    words.emplace_back(choices.substr(0, end));
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return words;
}

void check_choice(const std::string& value, std::string_view choices, const std::string& where) {
  const auto words = split_choices(choices);
  if (words.empty() || std::find(words.begin(), words.end(), value) != words.end()) return;
  throw Error(ErrorKind::InvalidArgument, where + ": unknown choice '" + value.substr(0, 60) + "'",
              suggestion(value, words));
}

void check_range(double value, double min, double max, const std::string& where) {
  if (value >= min && value <= max) return;
  const auto show = [](double number) { return nlohmann::json(number).dump(); };
  const auto show_short = [&](double number) {
    const auto whole = static_cast<long long>(number);
    return static_cast<double>(whole) == number ? std::to_string(whole) : show(number);
  };
  std::string allowed = "at least " + show_short(min);
  if (std::isfinite(max)) {
    allowed = std::isfinite(min) ? show_short(min) + " to " + show_short(max)
                                 : "at most " + show_short(max);
  }
  throw Error(ErrorKind::InvalidArgument,
              where + ": expected " + allowed + ", found " + show_short(value));
}

void expect_object(const nlohmann::json& json, const std::string& where) {
  if (!json.is_object()) wrong(where, "an object {...}", json.dump());
}

void unknown_key(const std::string& where, const std::string& key,
                 std::span<const std::string> known) {
  throw Error(ErrorKind::InvalidArgument, where + ": unknown key '" + key + "'",
              suggestion(key, known));
}

}  // namespace sfumato::fields
