#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sfumato {

/// An absolute http or https address (RFC 3986), taken apart by libcurl.
struct Url {
  std::string text;    ///< normalised, as it is asked for
  std::string origin;  ///< "https://host:443": whom a secret may be sent to
  bool secure = false;
  std::vector<std::string> path;  ///< its segments, decoded

  /// Without query, which may hold a signature: for messages.
  std::string shown() const { return text.substr(0, text.find_first_of("?#")); }
};

/// Throws InvalidArgument for other schemes, for a name or password inside, and for no address.
Url parse_url(const std::string& text);

/// `location` as an answer from `base` means it, which may be relative. Throws Unsupported for
/// what parse_url() refuses, and where an https address leads to an http one.
Url redirected(const Url& base, const std::string& location);

/// One segment of a path with everything but letters, digits and -._~ as %XX.
std::string escape_segment(std::string_view text);
/// The same for a path: its '/' stay.
std::string escape_path(std::string_view text);

}  // namespace sfumato
