#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace sfumato {

/// The whole file. Throws NotFound or Io naming the path; refuses more than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::size_t limit = 1ull << 32);

/// A file that appears under its name only when complete: written beside it as NAME.partial-PID
/// and renamed by commit(); removed if the writer dies or throws before that.
class AtomicFile {
 public:
  /// Opens the temporary file; throws Io naming the path when the folder cannot be written.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  std::ostream& stream() { return out_; }
  /// Flushes, checks for write errors (full disk) and renames over the final path.
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  std::ofstream out_;
  bool committed_ = false;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Makes the folder and its parents. Throws Io with the system's reason.
void make_folder(const std::filesystem::path& path);

}  // namespace sfumato
