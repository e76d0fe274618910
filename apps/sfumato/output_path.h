#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sfumato::cli {

/// Where pictures go. `out` is what the user said: "" for the folder out/ of the current folder,
/// NAME.png for a file, anything else for a folder.
class OutputPath {
 public:
  /// Makes the folder and checks that it can be written, before any work is done. Throws Io, or
  /// InvalidArgument for a file type other than PNG.
  OutputPath(const std::string& out, int count);

  /// A named file is overwritten (with several pictures its name gets the seed); in a folder the
  /// name comes from prompt and seed and is always a new one.
  std::filesystem::path next(const std::string& prompt, std::uint64_t seed) const;

 private:
  std::filesystem::path folder_, file_;
  int count_;
};

}  // namespace sfumato::cli
