#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace sfumato {

/// A file in memory without being read: pages arrive when touched. Writing to the bytes changes
/// this process' copy only.
class MappedFile : public std::enable_shared_from_this<MappedFile> {
 public:
  /// Throws NotFound or Io naming the path.
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

  /// Keeps the file mapped for who looks at this part of its bytes, and forgets the part with the
  /// last copy.
  std::shared_ptr<void> hold(std::string_view part);
  /// The pages that hold nothing but this part leave memory, to be read again when touched. What
  /// was written to them is lost.
  void forget(std::string_view part) const;
  /// Whether these bytes lie in a mapped file; if so, that file forgets them.
  static bool forget_if_mapped(std::string_view part);

 private:
  MappedFile(char* data, std::size_t size);

  char* data_;
  std::size_t size_;
};

}  // namespace sfumato
