#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sfumato/image/film.h"

/// What the film writers share; not for use outside this folder.
namespace sfumato::codec_detail {

/// Throws InvalidArgument unless there is a frame, all have one encodable size, and the times are
/// 1 ms .. 1 h and add up to less than a day.
void check_film(std::span<const Image> frames, const FilmTiming& timing, int most_pixels,
                const char* format);

/// A picture in at most 256 colours.
struct Indexed {
  std::array<std::array<std::uint8_t, 3>, 256> palette{};
  std::vector<std::uint8_t> pixels;  ///< [height, width]
};

/// Median cut (Heckbert 1982) on colours of 5 bits a channel.
Indexed quantize(const Image& image);

}  // namespace sfumato::codec_detail
