#include "prompts_file.h"

#include <sstream>
#include <string_view>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato::cli {
namespace {

constexpr std::size_t kMostPromptBytes = 16u << 20;
constexpr std::string_view kBlankCharacters = " \t\r";

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlankCharacters);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlankCharacters) - first + 1);
}

std::size_t first_flag(std::string_view line) {
  if (line.starts_with("--")) return 0;
  const std::size_t at = line.find(" --");
  return at == std::string_view::npos ? line.size() : at;
}

// Words between blanks, where " and ' keep blanks and each other.
std::vector<std::string> quoted_words(std::string_view text, const std::string& where) {
  std::vector<std::string> words;
  bool within = false;
  char quote = 0;
  for (const char c : text) {
    const bool blank = kBlankCharacters.find(c) != std::string_view::npos;
    if (quote == 0 && blank) {
      within = false;
      continue;
    }
    if (!within) words.emplace_back();
    within = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) {
    throw Error(ErrorKind::InvalidArgument, where + ": a quote is not closed",
                "quotes are for the values of flags; a prompt needs none");
  }
  return words;
}

}  // namespace

std::vector<PromptLine> read_prompts_file(const std::filesystem::path& path) {
  std::istringstream text(read_file(path, kMostPromptBytes));
  std::vector<PromptLine> lines;
  int number = 0;
  for (std::string raw; std::getline(text, raw);) {
    ++number;
    const std::string_view line = without_blanks(raw);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t flags = first_flag(line);
    const std::string where = path.string() + ", line " + std::to_string(number);
    PromptLine& added = lines.emplace_back(PromptLine{number, {}});
    const std::string_view prompt = without_blanks(line.substr(0, flags));
    for (auto& word : quoted_words(line.substr(flags), where)) {
      added.words.push_back(std::move(word));
    }
    if (prompt.empty()) continue;
    added.words.emplace_back("--");  // a prompt may begin with a dash
    added.words.emplace_back(prompt);
  }
  if (lines.empty()) {
    throw Error(ErrorKind::InvalidArgument, path.string() + " holds no prompt",
                "write one prompt a line");
  }
  return lines;
}

void parse_prompt_line(Flags& flags, const PromptLine& line, const std::filesystem::path& path) {
  std::vector<const char*> words;
  for (const auto& word : line.words) words.push_back(word.c_str());
  try {
    flags.parse_words(words);
  } catch (const Error& error) {
    throw Error(error.kind(),
                path.string() + ", line " + std::to_string(line.number) + ": " + error.what(),
                error.hint());
  }
}

}  // namespace sfumato::cli
