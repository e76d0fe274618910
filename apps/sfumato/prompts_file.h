#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "flags.h"
#include "sfumato/base/fields.h"

namespace sfumato::cli {

/// Where further requests come from.
struct PromptsFileFlag {
  std::string prompts_file;
};

inline constexpr std::array kPromptsFileField{
    Field<PromptsFileFlag>{
        "prompts-file", &PromptsFileFlag::prompts_file,
        "paint every line of this file: a prompt, and flags of its own behind it"},
};

/// One line of a file of prompts, as words of a command line.
struct PromptLine {
  int number;  ///< in its file, from 1
  std::vector<std::string> words;
};

/// The lines that are not empty and do not begin with '#'. What stands before the first " --" is
/// the prompt, one word; flags follow, quotes keep their values together:
///   a large red circle --steps 10 --negative-prompt "blue things"
/// Throws NotFound, Io, Corrupt for more than 16 MiB, or InvalidArgument for a quote that is not
/// closed and for a file without a prompt.
std::vector<PromptLine> read_prompts_file(const std::filesystem::path& path);

/// Flags::parse_words() with errors that name the line.
void parse_prompt_line(Flags& flags, const PromptLine& line, const std::filesystem::path& path);

}  // namespace sfumato::cli
