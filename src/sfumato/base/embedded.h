#pragma once

#include <span>
#include <string_view>

namespace sfumato {

/// A file whose bytes are part of the program (cmake/EmbedFiles.cmake).
struct EmbeddedFile {
  std::string_view name;   ///< file name without folders
  std::string_view bytes;  ///< followed by a zero byte; 64-byte aligned
};

}  // namespace sfumato
