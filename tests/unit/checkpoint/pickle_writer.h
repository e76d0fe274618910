#pragma once

#include <cstdint>
#include <string>

// Pieces of pickles for tests, by the names of their operations.
namespace sfumato::pickled {

inline std::string text(const std::string& value) {
  const auto size = static_cast<char>(value.size());
  return std::string("X") + size + std::string(3, '\0') + value;
}
inline std::string number(int value) {
  std::string out = "J";
  for (int i = 0; i < 4; ++i) {
    out += static_cast<char>(static_cast<std::uint32_t>(value) >> (8 * i) & 0xFF);
  }
  return out;
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string call(const std::string& callee, const std::string& arguments) {
  return callee + tuple(arguments) + "R";
}
inline std::string dict(const std::string& items) { return "}(" + items + "u"; }
inline std::string program(const std::string& body) { return "\x80\x02" + body + "."; }

/// A tensor over all of or a part of a storage of floats.
inline std::string tensor(const std::string& key, int count, int offset, const std::string& sizes,
                          const std::string& strides, const std::string& storage = "FloatStorage") {
  const std::string reference =
      tuple(text("storage") + global("torch", storage) + text(key) + text("cpu") + number(count)) +
      "Q";
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              reference + number(offset) + tuple(sizes) + tuple(strides) + "\x89" +
                  call(global("collections", "OrderedDict"), ""));
}

}  // namespace sfumato::pickled
