#include "sfumato/base/toml_depth.h"

#include <algorithm>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kMostKeyParts = 32;

/// The byte after the quoted text that begins at `at`. Texts in three quotes may have line breaks,
/// and up to two further quotes at their end.
std::size_t after_quoted(std::string_view toml, std::size_t at) {
  const char quote = toml[at];
  const std::string three(3, quote);
  const bool many_lines = toml.substr(at, 3) == three;
  const std::string_view end = many_lines ? std::string_view(three) : toml.substr(at, 1);
  at += end.size();
  while (at < toml.size() && toml.substr(at, end.size()) != end) {
    if (!many_lines && toml[at] == '\n') return at;
    at += quote == '"' && toml[at] == '\\' ? 2 : 1;
  }
  at = std::min(at + end.size(), toml.size());
  for (int i = 0; many_lines && i < 2 && at < toml.size() && toml[at] == quote; ++i) ++at;
  return at;
}

}  // namespace

void check_key_depth(std::string_view toml, const std::string& file_name) {
  constexpr std::string_view kEndsOfKeys = "=,[]{}\n";
  int parts = 1;
  for (std::size_t at = 0; at < toml.size();) {
    const char c = toml[at];
    if (c == '"' || c == '\'') {
      at = after_quoted(toml, at);
      continue;
    }
    if (c == '#') {
      at = std::min(toml.find('\n', at), toml.size());
      continue;
    }
    parts = kEndsOfKeys.find(c) != kEndsOfKeys.npos ? 1 : parts + (c == '.');
    if (parts > kMostKeyParts) {
      const auto line = 1 + std::count(toml.begin(), toml.begin() + std::ptrdiff_t(at), '\n');
      throw Error(ErrorKind::InvalidArgument, file_name + ":" + std::to_string(line) +
                                                  ": a key has more than " +
                                                  std::to_string(kMostKeyParts) + " parts");
    }
    ++at;
  }
}

}  // namespace sfumato
