#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// The run that a prompt is written for. A step is one call of the network, so that a sampler with
/// two calls per step counts twice.
struct PromptSteps {
  int steps = 0;  ///< of the first pass, at least 1
  /// Given: what is asked for is the second pass, of this length.
  std::optional<int> hires_steps = std::nullopt;
  /// How A1111 read prompts before 1.6.0: numbers below 1 are fractions, all others steps, and the
  /// second pass knows no numbers of its own.
  bool old_timeline = false;
};

/// What the prompt says up to and including step `end_step`, counted from 1.
struct ScheduledText {
  int end_step = 0;
  std::string text;
  bool operator==(const ScheduledText&) const = default;
};

/// Resolves what changes over the steps: [from:to:when], [to:when], [from::when] and [a|b|c],
/// nested at will. A whole number is a step, one with a dot a fraction of the run; in the second
/// pass steps count on from the first and fractions from 1. Ordered by end_step, the last one is
/// the run's length; brackets that do none of this stay for parse_attention(), and a prompt that
/// does not fit the grammar (an unpaired bar, a backslash at the end) stays as it is. Source: A1111
/// and Forge, modules/prompt_parser.py. Where that grammar allows several readings and leaves the
/// choice to chance, as many brackets as possible count here.
std::vector<ScheduledText> schedule_prompt(std::string_view prompt, const PromptSteps& steps);

}  // namespace sfumato
