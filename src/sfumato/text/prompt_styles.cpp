#include "sfumato/text/prompt_styles.h"

#include <algorithm>
#include <optional>

#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/prompt_parts.h"

namespace sfumato {
namespace {

constexpr std::string_view kPlace = "{prompt}";

// `style` with every {prompt} replaced.
std::string filled(std::string_view style, const std::string& prompt) {
  std::string text;
  for (auto at = style.find(kPlace); at != style.npos; at = style.find(kPlace)) {
    text += style.substr(0, at);
    text += prompt;
    check_prompt_size(text.size());
    style.remove_prefix(at + kPlace.size());
  }
  text += style;
  check_prompt_size(text.size());
  return text;
}

std::string clean(std::string_view text) { return trim(strip_comments(text)); }

std::string applied(const std::string& prompt, const std::string& style_text) {
  const std::string style = clean(style_text);
  if (style.find(kPlace) != style.npos) return filled(style, prompt);
  std::string text = prompt;
  if (!style.empty()) text += (text.empty() ? "" : ", ") + style;
  check_prompt_size(text.size());
  return text;
}

// What `text` was before the style was applied to it, if it was.
std::optional<std::string> without(const std::string& text, const std::string& style_text) {
  const std::string whole = trim(text), style = clean(style_text);
  const std::string_view view = whole;
  if (const auto place = style.find(kPlace); place != style.npos) {
    const std::string left = style.substr(0, place), right = style.substr(place + kPlace.size());
    if (!view.starts_with(left) || !view.ends_with(right)) return std::nullopt;
    // The two may overlap in a short text.
    const auto length = view.size() - std::min(view.size(), left.size() + right.size());
    return std::string(view.substr(left.size(), length));
  }
  if (!view.ends_with(style)) return std::nullopt;
  std::string rest(view.substr(0, view.size() - style.size()));
  if (rest.ends_with(", ")) rest.resize(rest.size() - 2);
  return rest;
}

std::optional<PromptPair> without(const PromptPair& pair, const PromptStyle& style) {
  if (style.prompt.empty() && style.negative_prompt.empty()) return std::nullopt;
  auto prompt = without(pair.prompt, style.prompt);
  if (!prompt) return std::nullopt;
  auto negative = without(pair.negative_prompt, style.negative_prompt);
  if (!negative) return std::nullopt;
  return PromptPair{std::move(*prompt), std::move(*negative)};
}

}  // namespace

const PromptStyle* find_style(std::span<const PromptStyle> styles, std::string_view name) {
  const auto at = std::find_if(styles.begin(), styles.end(),
                               [&](const PromptStyle& style) { return style.name == name; });
  return at == styles.end() ? nullptr : &*at;
}

PromptPair apply_styles(const PromptPair& pair, std::span<const std::string> names,
                        std::span<const PromptStyle> styles) {
  PromptPair result{clean(pair.prompt), clean(pair.negative_prompt)};
  for (const auto& name : names) {
    if (const PromptStyle* style = find_style(styles, name)) {
      result.prompt = applied(result.prompt, style->prompt);
      result.negative_prompt = applied(result.negative_prompt, style->negative_prompt);
    }
  }
  return result;
}

ExtractedStyles extract_styles(const PromptPair& pair, std::span<const PromptStyle> styles) {
  ExtractedStyles result;
  result.pair = {strip_comments(pair.prompt), strip_comments(pair.negative_prompt)};
  std::vector<const PromptStyle*> candidates;
  for (const auto& style : styles) candidates.push_back(&style);
  for (auto at = candidates.begin(); at != candidates.end();) {
    if (auto before = without(result.pair, **at)) {
      result.names.push_back((*at)->name);
      result.pair = std::move(*before);
      candidates.erase(at);
      at = candidates.begin();  // what is left now may end in a style that was looked at before
    } else {
      ++at;
    }
  }
  std::reverse(result.names.begin(), result.names.end());
  return result;
}

}  // namespace sfumato
