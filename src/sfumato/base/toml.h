#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// One value of a TOML file and where it stands.
struct TomlEntry {
  std::vector<std::string> tables;  ///< those around it, from the outermost
  std::string key;
  nlohmann::json value;  ///< a string, number, switch or list of such
  int line = 0;          ///< from 1
};

/// One table of a TOML file that a person wrote. Reads typed values, and finish() reports keys that
/// nobody asked for with the nearest known one. Errors name file, key, expected and found.
class TomlTable {
 public:
  static TomlTable parse(std::string_view text, const std::string& file_name);
  static TomlTable read(const std::filesystem::path& path);

  bool has(std::string_view key) const;

  // Each form takes the value from the table, or leaves `value` alone when the key is absent.
  void get(std::string_view key, std::string& value);
  void get(std::string_view key, std::int64_t& value);
  void get(std::string_view key, double& value);
  void get(std::string_view key, bool& value);
  void get(std::string_view key, std::vector<std::int64_t>& value);
  void get(std::string_view key, std::vector<double>& value);
  void get(std::string_view key, std::vector<bool>& value);
  void get(std::string_view key, std::vector<std::string>& value);

  /// Like get(), but an absent key is an error.
  template <class T>
  void require(std::string_view key, T& value) {
    if (!has(key)) missing(key);
    get(key, value);
  }

  /// A sub-table [key], or nothing. Its own finish() must be called too.
  std::optional<TomlTable> table(std::string_view key);
  /// The tables of [[key]].
  std::vector<TomlTable> tables(std::string_view key);
  /// All keys present, sorted.
  std::vector<std::string> keys() const;
  /// All values of this table and those within, for readers that know the keys by other means.
  /// Throws InvalidArgument for dates and for tables in lists.
  std::vector<TomlEntry> entries() const;

  /// Throws InvalidArgument for the first key that no get() asked for.
  void finish() const;
  /// "file: table.key", for messages of the caller's own checks.
  std::string where(std::string_view key) const;

 private:
  struct Impl;
  explicit TomlTable(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  [[noreturn]] void missing(std::string_view key) const;
  [[noreturn]] void wrong(std::string_view key, const char* expected) const;
  template <class T>
  void get_value(std::string_view key, T& value, const char* expected);
  template <class T>
  void get_list(std::string_view key, std::vector<T>& value, const char* expected);
  std::shared_ptr<Impl> impl_;
};

}  // namespace sfumato
