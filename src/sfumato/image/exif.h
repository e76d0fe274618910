#pragma once

#include <string>
#include <string_view>

#include "sfumato/image/codecs.h"

namespace sfumato::codec_detail {

/// The texts of a picture as an EXIF block (a TIFF structure, big-endian, without the "Exif\0\0"
/// that JPEG puts in front): "parameters" as UserComment in UTF-16, as A1111's web UI writes and
/// reads it, all others as one JSON object in the MakerNote. "" when there is no text.
std::string encode_exif(const ImageText& text);

/// The texts of an EXIF block, ours or another program's; what is damaged is left out. Follows no
/// chain, so its time is bounded by the size of the block.
ImageText decode_exif(std::string_view block);

}  // namespace sfumato::codec_detail
