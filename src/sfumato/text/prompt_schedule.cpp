#include "sfumato/text/prompt_schedule.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/text/prompt_characters.h"

namespace sfumato {
namespace {

struct Span {
  std::size_t begin, end;
};

/// A bracket whose content depends on the step.
struct Edit {
  std::size_t end;            // one past the closing bracket
  std::vector<Span> options;  // of an alternation; else before and after
  std::string when;           // empty for an alternation
  int switch_step = 0;        // the last step of options[0]
};
using Edits = std::map<std::size_t, Edit>;  // by the position of the opening bracket

/// A bracket that is still open and the separators directly inside it.
struct Open {
  char bracket;
  std::size_t at;
  std::vector<std::size_t> bars, colons;
};

// The options between an opening bracket, its separators and `end`.
std::vector<Span> spans(std::size_t opening, const std::vector<std::size_t>& separators,
                        std::size_t end) {
  std::vector<Span> parts;
  std::size_t begin = opening + 1;
  for (const auto separator : separators) {
    parts.push_back({begin, separator});
    begin = separator + 1;
  }
  parts.push_back({begin, end});
  return parts;
}

// Reads a prompt once from left to right. Brackets that pair up and contain only what may stand in
// them are constructs; a closing bracket that completes none of them is plain text, and so are then
// all brackets still open, because no construct may contain plain brackets.
class Reader {
 public:
  explicit Reader(std::string_view prompt) : prompt_(prompt) {}

  /// The edits, or nothing when the prompt does not fit the grammar.
  std::optional<Edits> read() {
    for (std::size_t at = 0; at < prompt_.size(); ++at) {
      const char c = prompt_[at];
      if (c == '\\') {
        if (++at == prompt_.size() || prompt_[at] == '\n') return std::nullopt;
      } else if (c == '(' || c == '[') {
        open_.push_back({c, at, {}, {}});
      } else if (c == '|') {
        ++unpaired_bars_;
        if (!open_.empty()) open_.back().bars.push_back(at);
      } else if (c == ':') {
        if (!open_.empty()) open_.back().colons.push_back(at);
      } else if (c == ')' || c == ']') {
        if (close(c, at)) {
          open_.pop_back();
        } else {
          open_.clear();
        }
      }
    }
    if (unpaired_bars_ > 0) return std::nullopt;  // a bar has no meaning of its own
    return std::move(edits_);
  }

 private:
  // Whether the closing bracket at `at` completes a construct, which is noted if it is an edit.
  bool close(char bracket, std::size_t at) {
    if (open_.empty()) return false;
    const Open& top = open_.back();
    if (bracket == ')') return top.bracket == '(' && top.bars.empty() && top.colons.size() <= 1;
    if (top.bracket != '[') return false;
    if (top.bars.empty() && top.colons.empty()) return true;
    if (top.colons.empty()) {
      unpaired_bars_ -= top.bars.size();
      edits_[top.at] = {at + 1, spans(top.at, top.bars, at), ""};
      return true;
    }
    if (!top.bars.empty() || top.colons.size() > 2) return false;
    std::vector<Span> options = spans(top.at, top.colons, at);
    const Span last = options.back();
    const std::string_view number = prompt_.substr(last.begin, last.end - last.begin);
    if (number.find_first_of("([") != number.npos) return false;  // seen early: nests may be deep
    std::string when = trim(number);
    if (!ascii_number(when)) return false;
    options.pop_back();
    if (options.size() == 1) options.insert(options.begin(), {top.at, top.at});  // [to:when]
    edits_[top.at] = {at + 1, std::move(options), std::move(when)};
    return true;
  }

  std::string_view prompt_;
  std::vector<Open> open_;
  Edits edits_;
  std::size_t unpaired_bars_ = 0;
};

bool is_second_pass(const PromptSteps& steps) { return steps.hires_steps && !steps.old_timeline; }

int length_of(const PromptSteps& steps) {
  return is_second_pass(steps) ? *steps.hires_steps : steps.steps;
}

int switch_step(const std::string& when, const PromptSteps& steps) {
  const int length = length_of(steps);
  const bool second = is_second_pass(steps);
  double step = ascii_number(when).value();
  if (steps.old_timeline) {
    if (step < 1.0) step *= length;
  } else if (when.find('.') != when.npos) {
    step = (step - (second ? 1.0 : 0.0)) * length;
  } else {
    step -= second ? steps.steps : 0;
  }
  return static_cast<int>(std::clamp(std::trunc(step), 0.0, double(length)));
}

Span option_at(const Edit& edit, int step) {
  if (!edit.when.empty()) return edit.options[step <= edit.switch_step ? 0 : 1];
  return edit.options[static_cast<std::size_t>(step - 1) % edit.options.size()];
}

std::string text_at(std::string_view prompt, const Edits& edits, int step) {
  struct Detour {
    std::size_t end, back;  // where the chosen option ends, and where its bracket does
  };
  std::vector<Detour> detours;
  std::string text;
  std::size_t at = 0;
  for (;;) {
    while (!detours.empty() && at == detours.back().end) {
      at = detours.back().back;
      detours.pop_back();
    }
    const std::size_t end = detours.empty() ? prompt.size() : detours.back().end;
    if (at == end) return text;
    const auto next = edits.lower_bound(at);
    if (next != edits.end() && next->first == at) {
      const Span option = option_at(next->second, step);
      detours.push_back({option.end, next->second.end});
      at = option.begin;
      continue;
    }
    const std::size_t stop = next == edits.end() ? end : std::min(end, next->first);
    text += prompt.substr(at, stop - at);
    at = stop;
  }
}

}  // namespace

std::vector<ScheduledText> schedule_prompt(std::string_view prompt, const PromptSteps& steps) {
  check_prompt_size(prompt.size());
  const int length = length_of(steps);
  if (steps.steps < 1 || length < 1) {
    throw Error(ErrorKind::InvalidArgument,
                "prompt: a run of " + std::to_string(std::min(steps.steps, length)) + " steps");
  }
  auto edits = Reader(prompt).read();
  if (!edits) return {{length, std::string(prompt)}};

  std::set<int> ends{length};
  for (auto& [at, edit] : *edits) {
    if (edit.when.empty()) {
      for (int step = 1; step < length; ++step) ends.insert(step);
    } else {
      edit.switch_step = switch_step(edit.when, steps);
      if (edit.switch_step >= 1) ends.insert(edit.switch_step);
    }
  }
  std::vector<ScheduledText> schedule;
  for (const int end : ends) schedule.push_back({end, text_at(prompt, *edits, end)});
  return schedule;
}

}  // namespace sfumato
