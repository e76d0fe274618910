#include "sfumato/text/words.h"

#include <array>

#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

char32_t folded(char32_t c) {
  if (c == 0x17F) return U's';
  if (c == 0x212A) return U'k';
  return c;
}

bool starts_with(std::u32string_view text, std::u32string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (folded(text[i]) != prefix[i]) return false;
  }
  return true;
}

template <class Test>
std::size_t run_length(std::u32string_view text, Test test) {
  std::size_t length = 0;
  while (length < text.size() && test(text[length])) ++length;
  return length;
}

std::size_t word_length(std::u32string_view text, const std::vector<std::u32string>& special) {
  static constexpr std::array<std::u32string_view, 7> kContractions{U"'s", U"'t",  U"'re", U"'ve",
                                                                    U"'m", U"'ll", U"'d"};
  for (const auto& token : special) {
    if (starts_with(text, token)) return token.size();
  }
  for (const auto& contraction : kContractions) {
    if (starts_with(text, contraction)) return contraction.size();
  }
  if (const auto letters = run_length(text, is_letter)) return letters;
  if (is_number(text.front())) return 1;
  return run_length(text,
                    [](char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); });
}

}  // namespace

std::vector<std::u32string_view> split_words(std::u32string_view text,
                                             const std::vector<std::u32string>& special) {
  std::vector<std::u32string_view> words;
  while (!text.empty()) {
    if (is_space(text.front())) {
      text.remove_prefix(1);
      continue;
    }
    const auto length = word_length(text, special);
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace sfumato
