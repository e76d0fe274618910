#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sfumato {

/// Replaces character references as the HTML standard reads them (sec. 13.2.5.72): "&eacute;",
/// "&#233;", "&#xE9;", and the 106 old names also without a semicolon ("&lt", "&ampx").
std::u32string unescape_html(std::u32string_view text);

/// Replaces only references that are complete with their semicolon, and also accepts a name typed
/// in capitals that means nothing else ("&EACUTE;").
std::u32string unescape_complete_html(std::u32string_view text);

}  // namespace sfumato
