#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "sfumato/base/error.h"

namespace sfumato {

/// Typed reading of a JSON object with messages that name the object and the key.
class JsonValues {
 public:
  JsonValues(const nlohmann::json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail("expected an object");
  }

  /// Present and not null.
  bool has(const char* key) const { return object_.contains(key) && !object_.at(key).is_null(); }
  const nlohmann::json& at(const char* key) const {
    if (!has(key)) fail(std::string(key) + " is missing");
    return object_.at(key);
  }

  template <class T>
  T get(const char* key) const {
    try {
      return at(key).template get<T>();
    } catch (const nlohmann::json::exception&) {
      fail(std::string(key) + " has an unexpected value " + object_.at(key).dump());
    }
  }
  template <class T>
  T get(const char* key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::InvalidArgument, where_ + ": " + what);
  }
  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error(ErrorKind::Unsupported, where_ + ": " + what + " is not supported");
  }

 private:
  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace sfumato
