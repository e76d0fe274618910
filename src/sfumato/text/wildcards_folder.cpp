#include <algorithm>
#include <system_error>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/wildcards.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 10000, kMaxFileBytes = 1 << 24, kMaxFolderBytes = 1 << 28;

std::vector<std::string> options_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> options;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string line = trim(text.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) options.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return options;
}

}  // namespace

Wildcards load_wildcards(const fs::path& folder) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) {
    throw Error(ErrorKind::NotFound, "no such folder of wildcards: " + folder.string());
  }
  Wildcards wildcards;
  std::size_t bytes = 0;
  // Links to folders are not followed, so this ends.
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied,
                                      failure);
  for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    std::error_code unreadable;
    if (!at->is_regular_file(unreadable) || at->path().extension() != ".txt") continue;
    const std::string text = read_file(at->path(), kMaxFileBytes);
    bytes += text.size();
    if (wildcards.size() == kMaxFiles || bytes > kMaxFolderBytes) {
      throw Error(ErrorKind::Corrupt, folder.string() + ": more than " + std::to_string(kMaxFiles) +
                                          " files or " + std::to_string(kMaxFolderBytes >> 20) +
                                          " MiB of wildcards");
    }
    fs::path name = at->path().lexically_relative(folder);
    wildcards[name.replace_extension().generic_string()] = options_of(text);
  }
  if (failure) {
    throw Error(ErrorKind::Io, "cannot read " + folder.string() + ": " + failure.message());
  }
  return wildcards;
}

}  // namespace sfumato
