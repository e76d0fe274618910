#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// What brackets around words do to the picture. The names are those of A1111's setting.
enum class Emphasis {
  None,      ///< "None": brackets are ordinary text
  Ignore,    ///< "Ignore": brackets are read and left out, every word counts alike
  Original,  ///< "Original": encoded words are multiplied, then the mean of all is restored
  NoNorm,    ///< "No norm": encoded words are multiplied
};

/// "No norm" or "no-norm" -> NoNorm, whatever the case. Throws InvalidArgument naming all four.
Emphasis parse_emphasis(std::string_view name);

/// A stretch of a prompt and how much it counts.
struct WeightedText {
  std::string text;
  double weight = 1.0;
  bool operator==(const WeightedText&) const = default;
};

/// True for the part that BREAK becomes: the rest begins a new chunk of tokens. BREAK inside
/// brackets has another weight and is an ordinary word.
bool is_break(const WeightedText& part);

/// Takes a prompt's brackets apart: (a) counts 1.1 times, [a] 1/1.1 times, (a:1.3) 1.3 times,
/// nested ones multiply, and one that is never closed reaches to the end. A backslash takes the
/// meaning from ( ) [ ] and \, and is dropped before anything else. BREAK as a word becomes a part
/// of its own with weight -1. Neighbours of equal weight are joined; there is always at least one
/// part. Throws InvalidArgument for a weight that is no number, such as (a:1.2.3). Source: A1111
/// and Forge, modules/prompt_parser.py.
std::vector<WeightedText> parse_attention(std::string_view prompt);

}  // namespace sfumato
