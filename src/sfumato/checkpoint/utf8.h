#pragma once

#include <string>
#include <string_view>

namespace sfumato {

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// Foreign text for a one-line message: at most 80 bytes, control characters and anything that is
/// not ASCII replaced by '?'.
std::string printable(std::string_view foreign);

}  // namespace sfumato
