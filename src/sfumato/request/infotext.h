#pragma once

#include <map>
#include <string>

#include "sfumato/request/image_tasks.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/request/infotext_format.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/request/text_to_image.h"

namespace sfumato {

/// A file of weights: its name, and its SHA-256 in hex or "".
struct WeightsIdentity {
  std::string name, hash;
};

/// Which weights painted a picture, and how they were computed with.
struct ModelIdentity {
  std::string name, hash;                             ///< as those of WeightsIdentity
  std::map<std::string, WeightsIdentity> parts = {};  ///< from files of their own: "vae", ...
  /// What else the same picture depends on: "device", "precision", ...
  std::map<std::string, std::string> computed = {};
};

/// What ModelIdentity::computed["noise_schedule"] says of a rescaled one, in the web UI's words.
inline constexpr const char* kZeroTerminalSnr = "Zero Terminal SNR";

/// What the picture of a request says about itself in the words of A1111's web UI. `request` has
/// its defaults filled in.
Infotext infotext_of(const TextToImageRequest& request, const ModelIdentity& model);
// The same with further settings; those that change nothing are left out.
Infotext with_settings(Infotext text, const SamplingSettings& settings);
Infotext with_settings(Infotext text, const HiresSettings& settings);
Infotext with_settings(Infotext text, const RefinerSettings& settings, const ModelIdentity& model);
Infotext with_settings(Infotext text, const InitImage& settings);
Infotext with_settings(Infotext text, const InpaintSettings& settings);
Infotext with_settings(Infotext text, const EditSettings& settings);

/// The text that such a picture carries as "parameters".
std::string infotext(const TextToImageRequest& request, const ModelIdentity& model);

/// The request that a picture of that web UI tells of. What the text does not say was its default
/// there; names that we do not know are kept, so that using them says so. Throws InvalidArgument
/// for a value that cannot be read.
PaintRequest paint_request(const Infotext& text);
// The same of a picture that was painted over. The text does not say which picture and which mask
// that was, nor how it was brought to size.
ImageToImageRequest image_to_image_request(const Infotext& text);
InpaintRequest inpaint_request(const Infotext& text);

}  // namespace sfumato
