#include "sfumato/hub/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

/// A part of the address, or "" where it has none.
std::string part_of(const CurlUrl& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    if (low >= 0) i += 2;
    out += low >= 0 ? static_cast<char>(high << 4 | low) : text[i];
  }
  return out;
}

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) segments.push_back(unescaped(path.substr(0, slash)));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return segments;
}

Url taken_apart(const CurlUrl& parsed, ErrorKind kind) {
  Url url;
  url.text = part_of(parsed, CURLUPART_URL);
  const std::string scheme = part_of(parsed, CURLUPART_SCHEME);
  url.secure = scheme == "https";
  if (!url.secure && scheme != "http") {
    throw Error(kind, url.shown() + ": only http and https addresses can be fetched");
  }
  if (!part_of(parsed, CURLUPART_USER).empty() || !part_of(parsed, CURLUPART_PASSWORD).empty()) {
    throw Error(kind, "an address with a name or password inside is not used",
                "give the secret with --token-file");
  }
  std::string host = part_of(parsed, CURLUPART_HOST);
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  url.origin = scheme + "://" + host + ":" + part_of(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.path = segments_of(part_of(parsed, CURLUPART_PATH));
  return url;
}

}  // namespace

Url parse_url(const std::string& text) {
  const CurlUrl parsed(curl_url(), &curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw Error(ErrorKind::InvalidArgument, "'" + text + "' is not an address",
                "an address looks like https://host/path");
  }
  return taken_apart(parsed, ErrorKind::InvalidArgument);
}

Url redirected(const Url& base, const std::string& location) {
  const CurlUrl parsed(curl_url(), &curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_url_set(parsed.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    throw Error(ErrorKind::Unsupported, base.shown() + " leads to what is not an address");
  }
  Url url = taken_apart(parsed, ErrorKind::Unsupported);
  if (base.secure && !url.secure) {
    throw Error(ErrorKind::Unsupported,
                base.shown() + " leads from https to the unprotected " + url.shown(),
                "give the address that it should lead to");
  }
  return url;
}

std::string escape_segment(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    out += plain ? std::string(1, c) : std::string{'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

std::string escape_path(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t slash = std::min(text.find('/', begin), text.size());
    out += escape_segment(text.substr(begin, slash - begin));
    if (slash < text.size()) out += '/';
    begin = slash + 1;
  }
  return out;
}

}  // namespace sfumato
