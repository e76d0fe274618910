#pragma once

#include <string>
#include <string_view>

namespace sfumato::codec_detail {

/// Big-endian, without a byte order mark. Malformed bytes become U+FFFD.
std::string utf16_from_utf8(std::string_view utf8);
/// From either byte order: that of a byte order mark, else the one in which more characters are
/// below U+0100. Half characters become U+FFFD.
std::string utf8_from_utf16(std::string_view utf16);
/// The text with malformed bytes left out.
std::string valid_utf8(std::string_view bytes);

}  // namespace sfumato::codec_detail
