#include "output_path.h"

#include <algorithm>
#include <cctype>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestSlug = 48;

// "A red circle, left!" -> "a-red-circle-left"
std::string slug(const std::string& prompt) {
  std::string result;
  for (const unsigned char c : prompt) {
    if (std::isalnum(c) && c < 0x80) {
      result += static_cast<char>(std::tolower(c));
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
    if (result.size() == kLongestSlug) break;
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "picture" : result;
}

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

}  // namespace

OutputPath::OutputPath(const std::string& out, int count) : count_(count) {
  const fs::path path = out.empty() ? "out" : out;
  const std::string extension = lower_extension(path);
  if (extension == ".png" && !fs::is_directory(path)) {
    file_ = path;
    folder_ = path.has_parent_path() ? path.parent_path() : ".";
  } else {
    for (const char* other : {".jpg", ".jpeg", ".webp", ".gif", ".bmp"}) {
      if (extension != other) continue;
      throw Error(ErrorKind::InvalidArgument, "--out " + out + ": pictures are written as PNG",
                  "name it " + path.stem().string() + ".png, or name a folder");
    }
    folder_ = path;
  }
  make_folder(folder_);
  const AtomicFile probe(file_.empty() ? folder_ / "picture.png" : file_);
}

fs::path OutputPath::next(const std::string& prompt, std::uint64_t seed) const {
  const std::string suffix = std::string("-").append(std::to_string(seed));
  if (!file_.empty()) {
    if (count_ == 1) return file_;
    return folder_ / (file_.stem().string() + suffix + ".png");
  }
  const std::string stem = slug(prompt) + suffix;
  fs::path path = folder_ / (stem + ".png");
  for (int i = 2; fs::exists(path); ++i) {
    path = folder_ / (stem + '-' + std::to_string(i) + ".png");
  }
  return path;
}

}  // namespace sfumato::cli
