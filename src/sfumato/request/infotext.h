#pragma once

#include <string>

#include "sfumato/request/text_to_image.h"

namespace sfumato {

/// Which weights painted a picture.
struct ModelIdentity {
  std::string name, hash;  ///< hash: SHA-256 in hex, or ""
};

/// The text that AUTOMATIC1111's web UI stores as PNG "parameters": prompt, "Negative prompt: ...",
/// and a line "Steps: 20, Sampler: Euler a, ...". `request` has its defaults filled in.
std::string infotext(const TextToImageRequest& request, const ModelIdentity& model);

/// A value as that line spells it: in JSON quotes when it holds a comma, colon or line break.
std::string infotext_quote(const std::string& value);

}  // namespace sfumato
