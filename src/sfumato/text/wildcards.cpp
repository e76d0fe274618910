#include "sfumato/text/wildcards.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/base/random.h"
#include "sfumato/text/prompt_characters.h"

namespace sfumato {
namespace {

constexpr int kMaxDepth = 32;
constexpr int kMaxChoices = 10000;
constexpr std::size_t kMaxName = 256;

// For every "{" the position of its "}", npos where there is none or for any other character.
std::vector<std::size_t> matching_braces(std::string_view text) {
  std::vector<std::size_t> closing(text.size(), text.npos), open;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '{') {
      open.push_back(at);
    } else if (text[at] == '}' && !open.empty()) {
      closing[open.back()] = at;
      open.pop_back();
    }
  }
  return closing;
}

bool is_name_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/' || c == '*';
}

// The name in "__name__" at the start of `text`.
std::optional<std::string_view> name_at(std::string_view text) {
  if (!text.starts_with("__")) return std::nullopt;
  std::size_t end = 2;
  while (end < text.size() && is_name_character(text[end]) && !text.substr(end).starts_with("__")) {
    ++end;
  }
  if (end == 2 || end - 2 > kMaxName || !text.substr(end).starts_with("__")) return std::nullopt;
  return text.substr(2, end - 2);
}

// Whether `name` fits `pattern`, in which a star stands for any characters.
bool fits(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = pattern.npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

struct Option {
  std::string_view text;
  double weight = 1.0;
};

// "0.5::red"
Option option_of(std::string_view text) {
  const auto colons = text.find("::");
  if (colons != text.npos) {
    const auto weight = ascii_number(trim(text.substr(0, colons)));
    if (weight && *weight >= 0.0) return {text.substr(colons + 2), *weight};
  }
  return {text, 1.0};
}

std::vector<Option> split_options(std::string_view content) {
  const auto closing = matching_braces(content);
  std::vector<Option> options;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < content.size(); ++at) {
    if (content[at] == '\\') {
      ++at;
    } else if (closing[at] != content.npos) {
      at = closing[at];
    } else if (content[at] == '|') {
      options.push_back(option_of(content.substr(begin, at - begin)));
      begin = at + 1;
    }
  }
  options.push_back(option_of(content.substr(begin)));
  return options;
}

/// How many options are chosen and what stands between them.
struct Range {
  std::size_t low = 1, high = 1;
  std::string_view separator = ", ";
};

// Takes "1-2$$ and $$" off the start of a bracket's content.
Range take_range(std::string_view& content) {
  const auto dollars = content.find("$$");
  if (dollars == content.npos) return {};
  const std::string text = trim(content.substr(0, dollars));
  const auto dash = text.find('-');
  const std::string low = text.substr(0, dash),
                    high = dash == text.npos ? low : text.substr(dash + 1);
  const auto is_count = [](const std::string& digits) {
    return digits.size() <= 6 && digits.find_first_not_of("0123456789") == digits.npos;
  };
  if (text.empty() || !is_count(low) || !is_count(high)) return {};

  Range range;
  range.low = low.empty() ? 1 : std::stoul(low);
  range.high = high.empty() ? content.size() : std::stoul(high);
  if (range.low > range.high) std::swap(range.low, range.high);
  content.remove_prefix(dollars + 2);
  const auto end = content.find_first_of("${}");
  if (end != content.npos && content.substr(end).starts_with("$$")) {
    range.separator = content.substr(0, end);
    content.remove_prefix(end + 2);
  }
  return range;
}

class Filler {
 public:
  Filler(const Wildcards& wildcards, std::uint64_t seed) : wildcards_(wildcards), random_(seed) {}

  std::string fill(std::string_view text, int depth) {
    if (depth > kMaxDepth) {
      throw Error(ErrorKind::InvalidArgument,
                  "wildcards: choices lie more than " + std::to_string(kMaxDepth) + " deep",
                  "look for a wildcard file that leads back to itself");
    }
    if (++choices_ > kMaxChoices) {
      throw Error(ErrorKind::InvalidArgument, "wildcards: a prompt asks for more than " +
                                                  std::to_string(kMaxChoices) + " choices");
    }
    const auto closing = matching_braces(text);
    std::string filled;
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] == '\\' && at + 1 < text.size()) {
        filled += text.substr(at, 2);
        at += 2;
      } else if (closing[at] != text.npos) {
        filled += choose_from_brackets(text.substr(at + 1, closing[at] - at - 1), depth);
        at = closing[at] + 1;
      } else if (const auto name = name_at(text.substr(at))) {
        filled += choose(lines(*name), {}, depth);
        at += name->size() + 4;
      } else {
        filled += text[at++];
      }
      check_prompt_size(filled.size());
    }
    return filled;
  }

 private:
  std::string choose_from_brackets(std::string_view content, int depth) {
    const Range range = take_range(content);
    std::vector<Option> options = split_options(content);
    if (options.size() == 1) {
      const std::string only = trim(options[0].text);
      const auto name = name_at(only);
      if (name && name->size() + 4 == only.size()) options = lines(*name);
    }
    return choose(std::move(options), range, depth);
  }

  std::string choose(std::vector<Option> options, const Range& range, int depth) {
    const std::size_t high = std::min(range.high, options.size()), low = std::min(range.low, high);
    const std::size_t count = low + random_.below(high - low + 1);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const auto drawn = draw(options);
      if (drawn == options.end()) break;  // only options of weight 0 are left
      if (i > 0) text += range.separator;
      text += fill(drawn->text, depth + 1);
      check_prompt_size(text.size());
      options.erase(drawn);
    }
    return text;
  }

  std::vector<Option>::iterator draw(std::vector<Option>& options) {
    double total = 0.0;
    for (const auto& option : options) total += option.weight;
    double at = random_.uniform() * total;
    auto drawn = options.end();
    for (auto option = options.begin(); option != options.end(); ++option) {
      if (option->weight <= 0.0) continue;
      drawn = option;
      at -= option->weight;
      if (at < 0.0) break;
    }
    return drawn;
  }

  std::vector<Option> lines(std::string_view name) const {
    std::vector<Option> found;
    for (const auto& [file, options] : wildcards_) {
      if (!fits(file, name)) continue;
      for (const auto& option : options) found.push_back(option_of(option));
    }
    if (!found.empty()) return found;
    std::vector<std::string> known;
    for (const auto& [file, options] : wildcards_) known.push_back(file);
    throw Error(ErrorKind::NotFound, "no wildcard '" + std::string(name) + "' with options in it",
                known.empty() ? "name the folder of the wildcard files" : suggestion(name, known));
  }

  const Wildcards& wildcards_;
  Random random_;
  int choices_ = 0;
};

}  // namespace

std::string fill_wildcards(std::string_view prompt, const Wildcards& wildcards,
                           std::uint64_t seed) {
  check_prompt_size(prompt.size());
  return Filler(wildcards, seed).fill(prompt, 0);
}

}  // namespace sfumato
