#include "sfumato/request/web_ui_version.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <tuple>

namespace sfumato {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Reads a version from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::optional<int> number() {
    if (rest_.empty() || rest_.front() == '-') return std::nullopt;
    int value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  /// A number after `mark`; takes neither when the number is missing.
  std::optional<int> number_after(char mark) {
    if (rest_.empty() || rest_.front() != mark) return std::nullopt;
    const std::string_view before = rest_;
    rest_.remove_prefix(1);
    const auto value = number();
    if (!value) rest_ = before;
    return value;
  }
  void take_separator() {
    if (!rest_.empty() && std::string_view("-_.").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  /// "[sep] word [sep] [number]"; leaves everything when none of the words follows.
  template <std::size_t N>
  const char* take_mark(const std::array<const char*, N>& words, std::optional<int>& value) {
    const std::string_view before = rest_;
    take_separator();
    for (const char* word : words) {
      if (!take(word)) continue;
      const std::string_view after = rest_;
      take_separator();
      value = number();
      if (!value) rest_ = after;
      value = value.value_or(0);
      return word;
    }
    rest_ = before;
    return nullptr;
  }

 private:
  std::string_view rest_;
};

// "v1.7.0-225-gabc" without the name of the commit.
std::string_view without_commit(std::string_view text) {
  const std::size_t first = text.find('-');
  if (first == text.npos || first == 0) return text;
  const std::size_t second = text.find('-', first + 1);
  if (second == text.npos || second == first + 1) return text;
  return text.substr(0, second);
}

std::string_view strip(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

constexpr std::size_t kLongestVersion = 80;
constexpr int kBefore = std::numeric_limits<int>::min(), kAfter = std::numeric_limits<int>::max();

// What orders versions of one release: a development version comes first, then previews, the
// release itself, and what follows it.
auto order(const WebUiVersion& v) {
  const bool only_dev = !v.pre && !v.post && v.dev;
  return std::tuple(v.pre      ? int{v.pre}
                    : only_dev ? kBefore
                               : kAfter,
                    v.pre_number.value_or(0), v.post.value_or(kBefore), v.dev.value_or(kAfter));
}

}  // namespace

std::string WebUiVersion::text() const {
  std::string text;
  for (const int part : release) text += (text.empty() ? "" : ".") + std::to_string(part);
  if (pre) {
    text += (pre == 'r' ? "rc" : std::string(1, pre)) + std::to_string(pre_number.value_or(0));
  }
  if (post) text += ".post" + std::to_string(*post);
  if (dev) text += ".dev" + std::to_string(*dev);
  return text;
}

std::strong_ordering WebUiVersion::operator<=>(const WebUiVersion& other) const {
  for (std::size_t i = 0; i < std::max(release.size(), other.release.size()); ++i) {
    const int mine = i < release.size() ? release[i] : 0;
    const int theirs = i < other.release.size() ? other.release[i] : 0;
    if (mine != theirs) return mine <=> theirs;
  }
  return order(*this) <=> order(other);
}

std::optional<WebUiVersion> parse_web_ui_version(std::string_view text) {
  text = strip(without_commit(text));
  if (text.empty() || text.size() > kLongestVersion) return std::nullopt;
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), lower);
  Scanner scanner(small);
  scanner.take("v");
  WebUiVersion version;
  auto part = scanner.number();
  if (!part) return std::nullopt;
  for (; part; part = scanner.number_after('.')) version.release.push_back(*part);

  constexpr std::array kPre{"alpha", "a", "beta", "b", "preview", "pre", "c", "rc"};
  if (const char* word = scanner.take_mark(kPre, version.pre_number)) {
    version.pre = word[0] == 'a' || word[0] == 'b' ? word[0] : 'r';
  }
  if (const auto commits = scanner.number_after('-')) {
    version.post = commits;
  } else {
    constexpr std::array kPost{"post", "rev", "r"};
    scanner.take_mark(kPost, version.post);
  }
  constexpr std::array kDev{"dev"};
  scanner.take_mark(kDev, version.dev);
  if (!scanner.done()) return std::nullopt;
  return version;
}

}  // namespace sfumato
