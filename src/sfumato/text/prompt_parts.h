#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// One of the prompts that AND joins. Weights are those of composable diffusion (Liu et al. 2022,
/// arXiv:2206.01714, eq. 11) and may be negative.
struct PromptPart {
  std::string text;
  double weight = 1.0;
  bool operator==(const PromptPart&) const = default;
};

/// Splits a prompt at the word AND and takes the weight ":1.2" off the end of every part, with the
/// blanks around it; blanks at the start of a part stay. There is always at least one part.
/// Source: A1111 and Forge, modules/prompt_parser.py.
std::vector<PromptPart> split_prompt(std::string_view prompt);

/// Takes comments out: from # to the end of its line, and the whole line where it begins one.
/// Source: A1111 and Forge, modules/processing_scripts/comments.py.
std::string strip_comments(std::string_view text);

}  // namespace sfumato
