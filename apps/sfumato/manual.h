#pragma once

#include <span>
#include <string>

#include "description.h"

namespace sfumato::cli {

/// The reference of the command line in Markdown, made from the field tables.
std::string markdown_manual(std::span<const CommandDescription> commands);

}  // namespace sfumato::cli
