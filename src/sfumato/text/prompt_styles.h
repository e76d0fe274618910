#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// Words that are kept under a name. "{prompt}" in them stands for the prompt they are applied to.
struct PromptStyle {
  std::string name, prompt, negative_prompt;
  bool operator==(const PromptStyle&) const = default;
};

/// Reads A1111's styles.csv: a header with name, prompt (or text, as old files have it) and perhaps
/// negative_prompt, quoted fields, a byte order mark allowed. Rows whose name is empty or begins
/// with # are left out; of two rows with one name the later counts. `file` is for messages. Throws
/// Corrupt for a file without such a header or with more than 10,000 rows.
std::vector<PromptStyle> read_styles(std::string_view csv, const std::string& file);
std::vector<PromptStyle> load_styles(const std::filesystem::path& path);

/// The style of that name, or null.
const PromptStyle* find_style(std::span<const PromptStyle> styles, std::string_view name);

struct PromptPair {
  std::string prompt, negative_prompt;
  bool operator==(const PromptPair&) const = default;
};

/// Applies styles one after another, comments taken out: a style with {prompt} is put around what
/// there is, any other is added behind a comma. Names without a style change nothing. Throws
/// InvalidArgument when the result is longer than a prompt may be.
/// Source: A1111 and Forge, modules/styles.py.
PromptPair apply_styles(const PromptPair& pair, std::span<const std::string> names,
                        std::span<const PromptStyle> styles);

struct ExtractedStyles {
  std::vector<std::string> names;  ///< in the order in which apply_styles() restores the texts
  PromptPair pair;                 ///< what remains without them
};

/// Finds the styles that two finished texts were made with: those that fit both of them.
ExtractedStyles extract_styles(const PromptPair& pair, std::span<const PromptStyle> styles);

}  // namespace sfumato
