#include "sfumato/request/infotext_format.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "sfumato/text/prompt_characters.h"
#include "sfumato/text/unicode.h"

namespace sfumato {
namespace {

// "" stands for every name that is not in the list.
constexpr std::array<std::string_view, 30> kOrder{"Steps",
                                                  "Sampler",
                                                  "Schedule type",
                                                  "CFG scale",
                                                  "Distilled CFG Scale",
                                                  "Image CFG scale",
                                                  "Seed",
                                                  "Face restoration",
                                                  "Size",
                                                  "Model hash",
                                                  "Model",
                                                  "FP8 weight",
                                                  "Cache FP16 weight for LoRA",
                                                  "VAE hash",
                                                  "VAE",
                                                  "Variation seed",
                                                  "Variation seed strength",
                                                  "Seed resize from",
                                                  "Denoising strength",
                                                  "Conditional mask weight",
                                                  "Clip skip",
                                                  "ENSD",
                                                  "Token merging ratio",
                                                  "Token merging ratio hr",
                                                  "Init image hash",
                                                  "RNG",
                                                  "Tiling",
                                                  "",
                                                  "Version",
                                                  "User"};

std::ptrdiff_t rank(std::string_view name) {
  auto at = std::find(kOrder.begin(), kOrder.end(), name);
  if (at == kOrder.end()) at = std::find(kOrder.begin(), kOrder.end(), "");
  return at - kOrder.begin();
}

constexpr std::u32string_view kNegativeMark = U"Negative prompt:";
constexpr std::size_t kFewestPairs = 3;

bool is_name(char32_t c) { return is_word_character(c) || c == U' ' || c == U'-' || c == U'/'; }

struct Pair {
  std::u32string_view name, value;
};

// Where a quoted value that starts at `begin` ends, if a comma or the end of the line follows.
std::optional<std::size_t> end_of_quoted(std::u32string_view line, std::size_t begin) {
  if (begin >= line.size() || line[begin] != U'"') return std::nullopt;
  std::size_t at = begin + 1;
  while (at < line.size() && line[at] != U'"') at += line[at] == U'\\' ? 2 : 1;
  if (at >= line.size() || at == begin + 1) return std::nullopt;
  ++at;
  if (at < line.size() && line[at] != U',') return std::nullopt;
  return at;
}

// Finds what the web UI's pattern finds: a name of two letters or more, a colon, and a quoted value
// or everything up to the next comma. Each character is looked at a bounded number of times.
std::vector<Pair> pairs_of(std::u32string_view line) {
  std::vector<Pair> pairs;
  std::size_t at = 0;
  while (at < line.size()) {
    std::size_t colon = at;
    while (colon < line.size() && is_name(line[colon])) ++colon;
    std::size_t name = at;
    while (name < colon && !is_word_character(line[name])) ++name;
    if (colon == line.size() || line[colon] != U':' || colon - name < 2) {
      at = colon + 1;
      continue;
    }
    std::size_t value = colon + 1;
    while (value < line.size() && is_blank(line[value])) ++value;
    const std::size_t end =
        end_of_quoted(line, value).value_or(std::min(line.find(U',', value), line.size()));
    pairs.push_back({line.substr(name, colon - name), line.substr(value, end - value)});
    at = end + 1;
  }
  return pairs;
}

void replace_all(std::u32string& text, std::u32string_view from, std::u32string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The texts that civitai.com writes for its Flux service name no sampler, a clip skip that does
// not exist there, and call distilled guidance CFG; Forge mends them in the same way.
std::u32string mend_flux(std::u32string_view line) {
  std::u32string mended(line);
  if (line.find(U"Civitai") == line.npos || line.find(U"FLUX") == line.npos) return mended;
  for (char32_t skip = U'0'; skip <= U'8'; ++skip) {
    replace_all(mended, std::u32string(U"Clip skip: ") + skip + U", ", U"");
  }
  replace_all(mended, U"Sampler: Undefined, ", U"Sampler: Euler, Schedule type: Simple, ");
  replace_all(mended, U"CFG scale: ", U"CFG scale: 1, Distilled CFG Scale: ");
  return mended;
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::optional<std::pair<std::string, std::string>> size_in(const std::string& value) {
  const std::size_t cross = value.find('x');
  if (cross == value.npos) return std::nullopt;
  auto width = value.substr(0, cross), height = value.substr(cross + 1);
  if (!is_digits(width) || !is_digits(height)) return std::nullopt;
  return std::pair{std::move(width), std::move(height)};
}

void read_values(std::span<const Pair> pairs, Infotext& text) {
  std::map<std::string, std::size_t> known;
  const auto keep = [&](std::string name, std::string value) {
    const auto [at, is_new] = known.emplace(name, text.values.size());
    if (is_new) {
      text.values.emplace_back(std::move(name), std::move(value));
    } else {
      text.values[at->second].second = std::move(value);
    }
  };
  for (const Pair& pair : pairs) {
    if (pair.value.empty()) continue;
    std::string name = to_utf8(pair.name), value = infotext_unquote(to_utf8(pair.value));
    if (auto size = size_in(value)) {
      keep(name + "-1", std::move(size->first));
      keep(name + "-2", std::move(size->second));
    } else {
      keep(std::move(name), std::move(value));
    }
  }
}

void read_prompts(std::u32string_view lines, Infotext& text) {
  std::u32string prompt, negative_prompt;
  bool negative = false;
  while (true) {
    const std::size_t end = lines.find(U'\n');
    std::u32string_view line = trim(lines.substr(0, end));
    if (line.starts_with(kNegativeMark)) {
      negative = true;
      line = trim(line.substr(kNegativeMark.size()));
    }
    std::u32string& target = negative ? negative_prompt : prompt;
    if (!target.empty()) target += U'\n';
    target += line;
    if (end == lines.npos) break;
    lines.remove_prefix(end + 1);
  }
  text.prompt = to_utf8(prompt);
  text.negative_prompt = to_utf8(negative_prompt);
}

}  // namespace

const std::string* Infotext::find(std::string_view name) const {
  for (const auto& [known, value] : values) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Infotext::set(std::string_view name, std::string value) {
  for (auto& [known, old] : values) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  values.emplace_back(name, std::move(value));
}

std::string infotext_quote(const std::string& value) {
  if (value.find_first_of(",:\n") == std::string::npos) return value;
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string infotext_unquote(const std::string& spelled) {
  if (spelled.empty() || spelled.front() != '"' || spelled.back() != '"') return spelled;
  const auto json = nlohmann::json::parse(spelled, nullptr, /*allow_exceptions=*/false);
  return json.is_string() ? json.get<std::string>() : spelled;
}

std::string write_infotext(const Infotext& text) {
  auto values = text.values;
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return rank(a.first) < rank(b.first); });
  std::string line;
  for (const auto& [name, value] : values) {
    line += line.empty() ? "" : ", ";
    line += name == value ? name : name + ": " + infotext_quote(value);
  }
  std::string result = text.prompt;
  if (!text.negative_prompt.empty()) result += "\nNegative prompt: " + text.negative_prompt;
  result += '\n' + line;
  const std::u32string points = to_code_points(result);
  return to_utf8(trim(points));
}

Infotext read_infotext(std::string_view bytes) {
  const std::u32string points = to_code_points(bytes);
  std::u32string_view lines = trim(points);
  const std::size_t last = lines.rfind(U'\n');  // npos + 1 == 0: the only line
  std::u32string values(lines.substr(last + 1));
  Infotext text;
  if (pairs_of(values).size() < kFewestPairs) {
    read_prompts(lines, text);
    return text;
  }
  if (last != lines.npos) read_prompts(lines.substr(0, last), text);
  values = mend_flux(values);
  read_values(pairs_of(values), text);
  return text;
}

HashList read_hash_list(std::string_view value) {
  HashList hashes;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    const std::string_view part = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const std::size_t colon = part.find(':');
    if (colon == part.npos) continue;
    hashes.emplace_back(trim(part.substr(0, colon)), trim(part.substr(colon + 1)));
  }
  return hashes;
}

std::string write_hash_list(const HashList& hashes) {
  std::string text;
  for (const auto& [name, hash] : hashes) {
    if (!text.empty()) text += ", ";
    for (const char c : name) {
      if (c != ',' && c != ':') text += c;
    }
    text += ": " + hash;
  }
  return text;
}

}  // namespace sfumato
