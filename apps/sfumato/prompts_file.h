#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "flags.h"

namespace sfumato::cli {

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

/// Flags::parse() with errors that name the line.
void parse_prompt_line(Flags& flags, const PromptLine& line, const std::filesystem::path& path,
                       std::ostream& out);

}  // namespace sfumato::cli
