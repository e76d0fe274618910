#include "sfumato/text/prompt_characters.h"

#include <charconv>
#include <system_error>

#include "sfumato/base/error.h"
#include "sfumato/text/unicode.h"

namespace sfumato {

void check_prompt_size(std::size_t bytes) {
  if (bytes <= kMaxPromptBytes) return;
  throw Error(ErrorKind::InvalidArgument, "a prompt of " + std::to_string(bytes) +
                                              " bytes is too long; the most is " +
                                              std::to_string(kMaxPromptBytes));
}

std::u32string prompt_characters(std::string_view prompt) {
  check_prompt_size(prompt.size());
  return to_code_points(prompt);
}

bool is_blank(char32_t c) { return is_space(c) || (c >= 0x1C && c <= 0x1F); }

bool is_word_character(char32_t c) { return c == U'_' || is_letter(c) || is_number(c); }

std::u32string_view trim_end(std::u32string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::u32string_view trim(std::u32string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return trim_end(text);
}

std::string trim(std::string_view utf8) { return to_utf8(trim(to_code_points(utf8))); }

std::size_t find_word(std::u32string_view text, std::u32string_view word, std::size_t from) {
  for (auto at = text.find(word, from); at != text.npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool begins = at == 0 || !is_word_character(text[at - 1]);
    const bool ends = end == text.size() || !is_word_character(text[end]);
    if (begins && ends) return at;
  }
  return text.npos;
}

std::optional<double> decimal_number(std::u32string_view text) {
  std::string ascii;
  if (!text.empty() && (text[0] == U'+' || text[0] == U'-')) {
    ascii += static_cast<char>(text[0]);
    text.remove_prefix(1);
  }
  for (const char32_t c : text) {
    const int digit = digit_value(c);
    if (digit < 0 && c != U'.') return std::nullopt;
    ascii += digit < 0 ? '.' : static_cast<char>('0' + digit);
  }
  return ascii_number(ascii);
}

std::optional<double> ascii_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  // from_chars would take "inf" and "nan" too.
  const auto first = text.find_first_not_of('-');
  if (first == text.npos || std::string_view("0123456789.").find(text[first]) == text.npos) {
    return std::nullopt;
  }
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace sfumato
