#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/image/codecs.h"

namespace sfumato::cli {

/// What a picture tells of how it was painted: our own text as JSON, or A1111's.
struct PictureRecord {
  std::string task;                             ///< "txt2img", the command that paints it again
  std::string model_name, model_hash;           ///< hash: SHA-256, or its first ten digits
  std::map<std::string, std::string> inputs;    ///< "image" -> the path it had, or "" if untold
  std::map<std::string, std::string> computed;  ///< "device", "precision"; empty when untold
  std::map<std::string, std::string> parts;     ///< "vae" -> the name of its file
};

/// Throws NotFound when the picture carries neither text, Corrupt when it is damaged.
PictureRecord picture_record(const std::filesystem::path& picture, const ImageText& text);

/// Something that is not as it was when the picture was painted.
struct PictureDifference {
  std::string part;              ///< "model", "precision", "Sampler"
  std::string in_picture, here;  ///< "-": nothing of that kind
};

/// In what the texts of a picture and of the same one painted anew differ. What the first does not
/// tell is not compared.
std::vector<PictureDifference> compare_records(const ImageText& picture, const ImageText& painted);

/// Whether the file's format has changed the pixels: "JPEG", "lossy WebP" or "".
std::string lossy_format(std::string_view bytes);

/// How far two pictures of one size are apart, in values of 0 .. 255.
struct PixelDifference {
  std::int64_t differing = 0;  ///< pixels
  double mean = 0;             ///< absolute difference of the values
  int largest = 0;
  double psnr = 0;  ///< dB; infinite when nothing differs
};

/// Nothing when the sizes differ.
std::optional<PixelDifference> compare_pixels(const Image& a, const Image& b);

}  // namespace sfumato::cli
