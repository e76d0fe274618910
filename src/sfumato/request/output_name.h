#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace sfumato {

/// What the name of a picture's file can tell.
struct NameFacts {
  std::string prompt, negative_prompt, sampler, spacing, model_name, model_hash;
  std::string image_hash;  ///< SHA-256 of the pixels
  std::uint64_t seed = 0, first_seed = 0, last_seed = 0;
  int steps = 0, width = 0, height = 0, clip_skip = 1;
  double guidance = 0;
  std::optional<double> strength;                   ///< of img2img
  int batch_size = 1, batch_number = 1;             ///< the place in its batch, from 1
  int generation_count = 1, generation_number = 1;  ///< among all pictures of the call, from 1
  std::tm time{};                                   ///< local time of the call
};

/// A pattern such as "[date]/[seed]-[prompt_words]" with its names in brackets replaced: those of
/// A1111's web UI (modules/images.py, FilenameGenerator) except its time zones, styles and users.
/// The result is a relative path without an ending. Whatever the facts hold, they stay within one
/// folder name (no slash, no leading dot, no control or shell-hostile character, 128 characters).
/// Throws InvalidArgument for an unknown name, an absolute pattern or one with "..".
std::string output_name(std::string_view pattern, const NameFacts& facts);

}  // namespace sfumato
