#pragma once

#include <span>
#include <vector>

#include "sfumato/image/mask.h"

namespace sfumato {

/// Where tiles of `tile` x `tile` pixels lie so that they cover a picture and neighbours share at
/// least `overlap` pixels, row by row. All lie inside, at equal distances; a side shorter than a
/// tile has one of its own length. Source: A1111, modules/images.py, split_grid. Throws
/// InvalidArgument unless 0 <= overlap < tile, or for more than a million tiles.
std::vector<Rect> tiles_of(int width, int height, int tile, int overlap);

/// One picture from the painted tiles. Where tiles overlap, each counts the more the farther from
/// its own edge, so there are no seams. Throws InvalidArgument when a tile has not the size of its
/// place or a pixel is covered by none.
Image joined_tiles(std::span<const Image> painted, std::span<const Rect> places, int width,
                   int height);

}  // namespace sfumato
