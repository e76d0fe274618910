#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace sfumato {

/// A file in memory without being read: pages arrive when touched. Writing to the bytes changes
/// this process' copy only.
class MappedFile {
 public:
  /// Throws NotFound or Io naming the path.
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile(char* data, std::size_t size) : data_(data), size_(size) {}

  char* data_;
  std::size_t size_;
};

}  // namespace sfumato
