#pragma once

#include <span>
#include <string>

#include "sfumato/image/codecs.h"

namespace sfumato {

/// How long the frames of a film stay, in milliseconds. Films begin again after the last frame.
struct FilmTiming {
  int frame = 100, last_frame = 1000;
};

/// Animated WebP. `frames` have one size, at most 16383 pixels a side; `quality` as encode_webp().
std::string encode_webp_film(std::span<const Image> frames, const FilmTiming& timing,
                             const ImageText& text = {}, int quality = kUsualQuality);

/// Animated GIF (GIF89a), every frame with the 256 colours that suit it best (median cut, Heckbert
/// 1982). The text "parameters" becomes the comment, as A1111's web UI writes it.
std::string encode_gif_film(std::span<const Image> frames, const FilmTiming& timing,
                            const ImageText& text = {});

/// By the path's ending, .webp or .gif; written beside and renamed.
void write_film(const std::filesystem::path& path, std::span<const Image> frames,
                const FilmTiming& timing, const ImageText& text = {});

}  // namespace sfumato
