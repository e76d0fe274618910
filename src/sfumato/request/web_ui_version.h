#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// The version that A1111's web UI writes into pictures, "v1.7.0-225-gabc" = 225 commits after
/// 1.7.0, compared as PEP 440 says (epochs and local labels, which it never has, are not read).
struct WebUiVersion {
  std::vector<int> release;  ///< 1, 7, 0
  char pre = 0;              ///< 'a', 'b' or 'r' for a release candidate, 0: none
  std::optional<int> pre_number, post, dev;

  /// The normal form of PEP 440, e.g. "1.7.0.post225".
  std::string text() const;
  std::strong_ordering operator<=>(const WebUiVersion& other) const;
  bool operator==(const WebUiVersion& other) const { return (*this <=> other) == 0; }
};

/// Nothing when the text is no version.
std::optional<WebUiVersion> parse_web_ui_version(std::string_view text);

}  // namespace sfumato
