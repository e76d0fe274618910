#pragma once

#include <string>
#include <string_view>

namespace sfumato {

/// What CLIP's tokenizer does to a text before splitting it: repair (mojibake, ligatures,
/// full-width forms, curly quotes, control characters, NFC), HTML references twice, white space
/// collapsed to single spaces and trimmed, lower case.
std::u32string clean_text(std::string_view utf8);

}  // namespace sfumato
