#include "sfumato/family/embedded_scenes.h"

#include <span>

#include "sfumato/base/embedded.h"

namespace sfumato {

std::span<const EmbeddedFile> embedded_scenes();  // src/sfumato/CMakeLists.txt

std::optional<std::string_view> embedded_scenes_file(std::string_view name) {
  for (const auto& file : embedded_scenes()) {
    if (file.name == name) return file.bytes;
  }
  return std::nullopt;
}

}  // namespace sfumato
