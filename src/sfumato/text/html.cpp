#include "sfumato/text/html.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "sfumato/base/embedded.h"
#include "sfumato/text/unicode.h"

namespace sfumato {

std::span<const EmbeddedFile> clip_vocabulary_files();  // cmake/ClipVocabulary.cmake

namespace {

using Names = std::map<std::string, std::u32string, std::less<>>;

// The table of named references. Keys end in ';' except for the old names, which are there twice.
const Names& names() {
  static const Names table = [] {
    Names result;
    for (const auto& file : clip_vocabulary_files()) {
      if (file.name != "html_entities.txt") continue;
      std::istringstream lines{std::string(file.bytes)};
      for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        std::u32string value;
        for (std::uint32_t c; words >> c;) value += static_cast<char32_t>(c);
        result[name] = value;
      }
    }
    return result;
  }();
  return table;
}

bool is_alphanumeric(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The character of a numeric reference, with the standard's replacements for bad ones.
std::u32string character(std::uint64_t code) {
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return U"\uFFFD";
  if (code == 0x0D) return U"\r";
  if (code >= 0x80 && code <= 0x9F) return {windows_1252(static_cast<unsigned char>(code))};
  const bool control = code < 0x9 || code == 0xB || (code >= 0xE && code < 0x20) || code == 0x7F;
  const bool noncharacter = (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
  if (control || noncharacter) return {};
  return {static_cast<char32_t>(code)};
}

struct Reference {
  std::size_t length;  // of what it replaces, from '&' on
  std::u32string value;
};

// The value of a decimal or hexadecimal digit, -1 for anything else.
int hex_or_decimal_value(char32_t c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A') + 10;
  return -1;
}

// "&#123;" or "&#x1F;" at the start of `text`.
std::optional<Reference> numeric(std::u32string_view text) {
  std::size_t at = 2;
  const bool hex = at < text.size() && (text[at] == 'x' || text[at] == 'X');
  if (hex) ++at;
  std::uint64_t code = 0;
  const std::size_t first = at;
  for (; at < text.size(); ++at) {
    const int value = hex_or_decimal_value(text[at]);
    if (value < 0 || value >= (hex ? 16 : 10)) break;
    code = std::min<std::uint64_t>(code * (hex ? 16 : 10) + static_cast<unsigned>(value), 1 << 24);
  }
  if (at == first) return std::nullopt;
  if (at < text.size() && text[at] == ';') ++at;
  return Reference{at, character(code)};
}

// A name, or the longest old name that it starts with.
std::optional<Reference> named(std::u32string_view text) {
  std::size_t end = 1;
  while (end < text.size() && end <= 32 &&
         std::u32string_view(U"\t\n\f <&#;").find(text[end]) == std::u32string_view::npos) {
    ++end;
  }
  if (end == 1) return std::nullopt;
  if (end < text.size() && text[end] == ';') ++end;
  for (std::size_t stop = end; stop > 2; --stop) {
    const auto found = names().find(to_utf8(text.substr(1, stop - 1)));
    if (found != names().end()) return Reference{stop, found->second};
  }
  return std::nullopt;
}

std::optional<Reference> complete(std::u32string_view text) {
  std::size_t end = text.size() > 1 && text[1] == '#' ? 2 : 1;
  const std::size_t first = end;
  while (end < text.size() && end - first < 24 && is_alphanumeric(text[end])) ++end;
  if (end == first || end == text.size() || text[end] != ';') return std::nullopt;
  if (first == 2) {
    auto reference = numeric(text);
    return reference && reference->length == end + 1 ? reference : std::nullopt;
  }
  std::string name = to_utf8(text.substr(1, end));
  if (const auto found = names().find(name); found != names().end()) {
    return Reference{end + 1, found->second};
  }
  if (named(text)) return std::nullopt;  // "&AMPX;" starts with an old name
  const bool capitals = std::none_of(name.begin(), name.end(), [](char c) { return islower(c); });
  if (!capitals) return std::nullopt;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return tolower(c); });
  const auto found = names().find(name);
  if (found == names().end()) return std::nullopt;
  std::u32string value;
  for (const char32_t c : found->second) value += to_upper(c);
  return Reference{end + 1, value};
}

template <class Find>
std::u32string replace_references(std::u32string_view text, Find find) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size();) {
    std::optional<Reference> reference;
    if (text[i] == '&') reference = find(text.substr(i));
    if (reference) {
      result += reference->value;
      i += reference->length;
    } else {
      result += text[i++];
    }
  }
  return result;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  return replace_references(text, [](std::u32string_view at) {
    return at.size() > 1 && at[1] == '#' ? numeric(at) : named(at);
  });
}

std::u32string unescape_complete_html(std::u32string_view text) {
  return replace_references(text, complete);
}

}  // namespace sfumato
