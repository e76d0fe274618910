#pragma once

#include <optional>
#include <string_view>

namespace sfumato {

/// A file of models/scenes, which is part of the program, by its name; nothing where this build has
/// not got it.
std::optional<std::string_view> embedded_scenes_file(std::string_view name);

}  // namespace sfumato
