#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sfumato {

// What the grammar of prompts is made of. A1111 writes it as Python regular expressions, so blanks,
// words and digits are those of Python: of any script, not of ASCII alone.

/// The longest prompt in bytes, before and after styles and wildcards are filled in.
inline constexpr std::size_t kMaxPromptBytes = 1 << 16;

/// Throws InvalidArgument for a text of more than kMaxPromptBytes.
void check_prompt_size(std::size_t bytes);
/// The code points of a prompt of acceptable size.
std::u32string prompt_characters(std::string_view prompt);

/// Python's \s.
bool is_blank(char32_t c);
/// Python's \w: letters, numbers and the underscore.
bool is_word_character(char32_t c);

std::u32string_view trim_end(std::u32string_view text);
std::u32string_view trim(std::u32string_view text);
std::string trim(std::string_view utf8);

/// Where `word` stands at or after `from` with no word character beside it; npos if nowhere.
std::size_t find_word(std::u32string_view text, std::u32string_view word, std::size_t from = 0);

/// The value of an optional sign and digits with at most one dot, at either end too ("+.5", "2.");
/// nothing for any other text.
std::optional<double> decimal_number(std::u32string_view text);

/// The value of a number in ASCII, an exponent allowed; nothing for any other text or for a number
/// that no double holds.
std::optional<double> ascii_number(std::string_view text);

}  // namespace sfumato
