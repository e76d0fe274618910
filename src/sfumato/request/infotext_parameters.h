#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "sfumato/request/infotext_format.h"

namespace sfumato {

/// An infotext as the web UI understands it (Forge, modules/infotext_utils.py,
/// parse_generation_parameters; its API shows this for a picture): "Prompt", "Negative prompt",
/// every value as a string, and what a missing name means ("Clip skip": "1", "RNG": "GPU", ...).
/// Old pictures are translated: "First pass size" into today's hires sizes, and "Version" into the
/// switches that repeat what that version did.
nlohmann::json infotext_parameters(std::string_view text);

}  // namespace sfumato
