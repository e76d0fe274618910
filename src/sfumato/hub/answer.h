#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sfumato/hub/http.h"

namespace sfumato {

/// "Content-Range: bytes 5-9/10". Nothing where it is missing or not of this form.
struct ContentRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> all;  ///< size of the whole file; "*": not said
};
std::optional<ContentRange> content_range(const HttpResponse& response);

/// The size of the whole file, as far as the answer tells.
std::optional<std::uint64_t> announced_size(const HttpResponse& response);

/// The ETag when it is a strong one (RFC 9110, 8.8.3), which alone allows to go on in the middle.
std::string strong_etag(const HttpResponse& response);

/// The hub's SHA-256 of a large file (X-Linked-Etag), or "".
std::string linked_sha256(const HttpResponse& response);

/// The name that the server gives to the file (Content-Disposition, RFC 6266), or "".
std::string disposition_name(const HttpResponse& response);

/// Throws Unsupported for a web page, which is what a login form or a wrong address gives.
void expect_no_page(const HttpResponse& response);

/// Throws what an answer of status 4xx or the like means for the one who asked: NotFound, or Io
/// with a hint on access. `what` is a file or repository.
[[noreturn]] void refused(const HttpResponse& response, const std::string& what);

}  // namespace sfumato
