#pragma once

#include <string>

#include "sfumato/hub/url.h"

namespace sfumato::cli {

/// The hub's address: `flag` unless "", else SFUMATO_HUB, else HF_ENDPOINT (which the hub's own
/// tools know), else the public hub. Throws InvalidArgument.
Url hub_address(const std::string& flag);

/// A secret for private and gated repositories.
struct HubSecret {
  std::string text;       ///< "": none
  bool as_asked = false;  ///< from the file that the user named for this very call
};

/// From `file` unless "", else HF_TOKEN or HUGGING_FACE_HUB_TOKEN, else the file where the hub's
/// own tools keep it (token in $HF_HOME, or in huggingface of $XDG_CACHE_HOME or ~/.cache).
/// Throws for a file that cannot be read, and for what cannot be a token, without showing it.
HubSecret find_hub_secret(const std::string& file);

}  // namespace sfumato::cli
