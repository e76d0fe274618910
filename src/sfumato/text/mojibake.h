#pragma once

#include <string>
#include <string_view>

namespace sfumato {

/// Undoes UTF-8 that was read as Latin-1 or Windows-1252 ("schÃ¶n" -> "schön", "â€™" -> "’"), one
/// layer of it, and turns stray C1 control characters into what Windows-1252 shows for them.
/// A line that is UTF-8 throughout in another common encoding (Windows-1251, MacRoman, ...) is
/// undone as a whole. A run is changed only when it is well-formed UTF-8 and no plausible writing:
/// one two-byte sequence counts only after Â or Ã, since "É…" may well be meant.
std::u32string fix_mojibake(std::u32string_view text);

}  // namespace sfumato
