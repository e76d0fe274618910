#include "sfumato/text/prompt_parts.h"

#include <algorithm>

#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

constexpr std::u32string_view kAnd = U"AND";

PromptPart weighted(std::u32string_view text) {
  text = trim_end(text);
  const auto colon = text.rfind(U':');
  if (colon != text.npos) {
    if (const auto weight = decimal_number(trim(text.substr(colon + 1)))) {
      return {to_utf8(trim_end(text.substr(0, colon))), *weight};
    }
  }
  return {to_utf8(text), 1.0};
}

std::string without_whole_lines(std::string_view text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    const bool first = at == 0 && text[0] == '#';
    const bool later = text[at] == '\n' && at + 1 < text.size() && text[at + 1] == '#';
    if (first || later) {
      kept += '\n';
      const auto end = text.find('\n', first ? 0 : at + 1);
      at = std::min(end, text.size() - 1) + 1;
    } else {
      kept += text[at++];
    }
  }
  return kept;
}

std::string without_line_ends(std::string_view text) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '#') {
      kept += '\n';
      at = std::min(text.find('\n', at), text.size() - 1) + 1;
    } else {
      kept += text[at++];
    }
  }
  return kept;
}

}  // namespace

std::vector<PromptPart> split_prompt(std::string_view prompt) {
  const std::u32string all = prompt_characters(prompt);
  std::vector<PromptPart> parts;
  std::size_t begin = 0;
  for (auto at = find_word(all, kAnd); at != all.npos; at = find_word(all, kAnd, begin)) {
    parts.push_back(weighted(std::u32string_view(all).substr(begin, at - begin)));
    begin = at + kAnd.size();
  }
  parts.push_back(weighted(std::u32string_view(all).substr(begin)));
  return parts;
}

std::string strip_comments(std::string_view text) {
  return without_line_ends(without_whole_lines(text));
}

}  // namespace sfumato
