#pragma once

#include <span>
#include <string>

#include "description.h"

namespace sfumato::cli {

// Scripts that let a shell complete commands, flags, choices and file names.
std::string bash_completion(std::span<const CommandDescription> commands);
std::string zsh_completion(std::span<const CommandDescription> commands);
std::string fish_completion(std::span<const CommandDescription> commands);

}  // namespace sfumato::cli
