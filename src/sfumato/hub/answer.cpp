#include "sfumato/hub/answer.h"

#include <charconv>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string without_quotes(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

}  // namespace

std::optional<ContentRange> content_range(const HttpResponse& response) {
  constexpr std::string_view kUnit = "bytes ";
  const std::string text = response.header("content-range");
  const auto dash = text.find('-'), slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == text.npos || slash == text.npos || slash < dash) {
    return std::nullopt;
  }
  const std::string_view view = text;
  const auto first = whole_number(view.substr(kUnit.size(), dash - kUnit.size()));
  if (!first) return std::nullopt;
  return ContentRange{*first, whole_number(view.substr(slash + 1))};
}

std::optional<std::uint64_t> announced_size(const HttpResponse& response) {
  if (response.status == 206) {
    const auto range = content_range(response);
    return range ? range->all : std::nullopt;
  }
  return whole_number(response.header("content-length"));
}

std::string strong_etag(const HttpResponse& response) {
  const std::string etag = response.header("etag");
  return etag.starts_with('"') ? etag : "";
}

std::string linked_sha256(const HttpResponse& response) {
  const std::string hash = without_quotes(response.header("x-linked-etag"));
  const bool is_hash = hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == hash.npos;
  return is_hash ? hash : "";
}

std::string disposition_name(const HttpResponse& response) {
  const std::string text = response.header("content-disposition");
  const auto at = text.find("filename=");
  if (at == text.npos) return "";
  const std::string value = text.substr(at + std::string_view("filename=").size());
  if (value.starts_with('"')) return value.substr(1, value.find('"', 1) - 1);
  return value.substr(0, value.find_first_of("; "));
}

void expect_no_page(const HttpResponse& response) {
  if (!response.header("content-type").starts_with("text/html")) return;
  throw Error(ErrorKind::Unsupported, response.url.shown() + " is a web page, not a file",
              "give the address of the file itself; if it asks for a login, give --token-file");
}

void refused(const HttpResponse& response, const std::string& what) {
  const std::string code = response.header("x-error-code");
  const std::string said = " (the server answers " + std::to_string(response.status) + ")";
  if (code == "RevisionNotFound") {
    throw Error(ErrorKind::NotFound, what + ": no such revision" + said,
                "check --revision: a branch, a tag or a commit");
  }
  switch (response.status) {
    case 404:
    case 410:
      throw Error(ErrorKind::NotFound, what + ": there is no such thing" + said,
                  "check the spelling of OWNER/NAME and --revision, upper and lower case too");
    case 401:
      throw Error(ErrorKind::Io, what + ": no access" + said,
                  "check the spelling; what is private or gated needs a token with access: "
                  "--token-file, or the variable HF_TOKEN");
    case 403:
      throw Error(ErrorKind::Io, what + ": no access" + said,
                  "accept its terms on its page, and give a token with access: --token-file, or "
                  "the variable HF_TOKEN");
    default:
      throw Error(ErrorKind::Io, what + ": refused" + said, "try again later, or another --hub");
  }
}

}  // namespace sfumato
