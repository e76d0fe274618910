#pragma once

#include <filesystem>
#include <string_view>

namespace sfumato::fuzz {

/// Bytes as a file that exists only in memory, for readers that are given a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const;

 private:
  int descriptor_;
};

}  // namespace sfumato::fuzz
