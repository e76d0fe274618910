#include "sfumato/base/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/nearest.h"

namespace sfumato {

struct TomlTable::Impl {
  toml::table table;
  std::string file, path;  // path: "unet." inside [unet], "" at the top
  std::vector<std::string> asked;

  const toml::node* find(std::string_view key) {
    asked.emplace_back(key);
    return table.get(key);
  }
};

TomlTable TomlTable::parse(std::string_view text, const std::string& file_name) {
  try {
    return TomlTable(std::make_shared<Impl>(Impl{toml::parse(text, file_name), file_name, "", {}}));
  } catch (const toml::parse_error& e) {
    std::ostringstream what;
    what << file_name << ":" << e.source().begin.line << ": " << e.description();
    throw Error(ErrorKind::InvalidArgument, what.str());
  }
}

TomlTable TomlTable::read(const std::filesystem::path& path) {
  return parse(read_file(path, 1 << 24), path.string());
}

bool TomlTable::has(std::string_view key) const { return impl_->table.contains(key); }

std::string TomlTable::where(std::string_view key) const {
  return impl_->file + ": " + impl_->path + std::string(key);
}

void TomlTable::missing(std::string_view key) const {
  throw Error(ErrorKind::InvalidArgument, where(key) + " is missing");
}

void TomlTable::wrong(std::string_view key, const char* expected) const {
  std::ostringstream found;
  if (const auto* node = impl_->table.get(key)) node->visit([&](const auto& n) { found << n; });
  throw Error(ErrorKind::InvalidArgument,
              where(key) + ": expected " + expected + ", found " + found.str().substr(0, 60));
}

template <class T>
void TomlTable::get_value(std::string_view key, T& value, const char* expected) {
  const auto* node = impl_->find(key);
  if (!node) return;
  if constexpr (std::is_same_v<T, double>) {
    if (!node->is_number()) wrong(key, expected);
  } else if (!node->is<T>()) {
    wrong(key, expected);
  }
  value = *node->value<T>();
}

template <class T>
void TomlTable::get_list(std::string_view key, std::vector<T>& value, const char* expected) {
  const auto* node = impl_->find(key);
  if (!node) return;
  const auto* list = node->as_array();
  if (!list) wrong(key, expected);
  std::vector<T> values;
  for (const auto& element : *list) {
    const auto v = element.value<T>();
    if (!v) wrong(key, expected);
    values.push_back(*v);
  }
  value = std::move(values);
}

void TomlTable::get(std::string_view key, std::string& value) { get_value(key, value, "a string"); }
void TomlTable::get(std::string_view key, std::int64_t& value) {
  get_value(key, value, "a whole number");
}
void TomlTable::get(std::string_view key, double& value) { get_value(key, value, "a number"); }
void TomlTable::get(std::string_view key, bool& value) { get_value(key, value, "true or false"); }
void TomlTable::get(std::string_view key, std::vector<std::int64_t>& value) {
  get_list(key, value, "a list of whole numbers");
}
void TomlTable::get(std::string_view key, std::vector<double>& value) {
  get_list(key, value, "a list of numbers");
}
void TomlTable::get(std::string_view key, std::vector<bool>& value) {
  get_list(key, value, "a list of true or false");
}
void TomlTable::get(std::string_view key, std::vector<std::string>& value) {
  get_list(key, value, "a list of strings");
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  const auto* node = impl_->find(key);
  if (!node) return std::nullopt;
  if (!node->is_table()) wrong(key, "a table");
  return TomlTable(std::make_shared<Impl>(
      Impl{*node->as_table(), impl_->file, impl_->path + std::string(key) + ".", {}}));
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  const auto* node = impl_->find(key);
  if (!node) return {};
  if (!node->is_array_of_tables()) wrong(key, "tables [[...]]");
  std::vector<TomlTable> result;
  for (const auto& element : *node->as_array()) {
    result.push_back(TomlTable(std::make_shared<Impl>(
        Impl{*element.as_table(), impl_->file, impl_->path + std::string(key) + ".", {}})));
  }
  return result;
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> names;
  for (const auto& [key, node] : impl_->table) names.emplace_back(key.str());
  return names;
}

void TomlTable::finish() const {
  for (const auto& key : keys()) {
    if (std::find(impl_->asked.begin(), impl_->asked.end(), key) == impl_->asked.end()) {
      throw Error(ErrorKind::InvalidArgument, "unknown key " + where(key),
                  suggestion(key, impl_->asked));
    }
  }
}

}  // namespace sfumato
