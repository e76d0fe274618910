#include "sfumato/training/hard_negative.h"

#include <algorithm>
#include <cctype>

namespace sfumato {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// Runs of letters and what is between them; together they are the text.
std::vector<std::string> pieces(const std::string& text) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 0 || is_letter(text[i]) != is_letter(text[i - 1])) result.emplace_back();
    result.back() += text[i];
  }
  return result;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

WordGroup present(const WordGroup& group, const std::vector<std::string>& words) {
  WordGroup found;
  for (const std::string& word : group) {
    if (contains(words, word)) found.push_back(word);
  }
  return found;
}

// A member that is not `than`, of which there is one.
const std::string& another(const WordGroup& group, const std::string& than, Random& random) {
  for (;;) {
    const std::string& word = group[random.below(group.size())];
    if (word != than) return word;
  }
}

}  // namespace

std::string hard_negative(const std::string& caption, const std::vector<WordGroup>& groups,
                          Random& random) {
  std::vector<std::string> words = pieces(caption);
  std::vector<const WordGroup*> usable;
  for (const WordGroup& group : groups) {
    if (group.size() > 1 && !present(group, words).empty()) usable.push_back(&group);
  }
  if (usable.empty()) return "";

  const WordGroup& group = *usable[random.below(usable.size())];
  const WordGroup found = present(group, words);
  const std::string one = found[random.below(found.size())];
  const std::string other = another(found.size() > 1 ? found : group, one, random);
  for (std::string& word : words) {
    if (word == one) {
      word = other;
    } else if (word == other) {
      word = one;
    }
  }
  std::string result;
  for (const std::string& word : words) result += word;
  return result;
}

}  // namespace sfumato
