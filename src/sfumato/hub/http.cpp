#include "sfumato/hub/http.h"

#include <curl/curl.h>

#include <exception>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kMostRedirects = 10;
constexpr long kConnectSeconds = 20, kStallSeconds = 30;
constexpr std::size_t kMostDropped = 1 << 16;  // bytes of a page that says what went wrong

/// One exchange under way, as libcurl's callbacks see it. They are C: an exception waits here.
struct Exchange {
  CURL* curl;
  const HttpReader& reader;
  const CancelToken& cancel;
  HttpResponse response;
  bool accepted = false, enough = false;
  std::size_t dropped = 0;
  std::exception_ptr failure;

  bool succeeded() const { return response.status >= 200 && response.status < 300; }

  /// Shows the head to the reader, once.
  bool accept() {
    if (!accepted) enough = !reader.accept(response);
    accepted = true;
    return !enough;
  }
};

std::string trimmed_header(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin));
}

std::size_t on_http_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // a new head, after that of a proxy or "100 Continue"
    exchange.response.headers.clear();
    curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &exchange.response.status);
    return size;
  }
  const auto colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  exchange.response.headers[name] = trimmed_header(line.substr(colon + 1));
  return size;
}

std::size_t on_http_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (!exchange.succeeded()) {
    exchange.dropped += size;
    exchange.enough = exchange.dropped > kMostDropped;
    return exchange.enough ? 0 : size;
  }
  try {
    if (!exchange.accept()) return 0;
    exchange.reader.take({data, size});
    return size;
  } catch (...) {
    exchange.failure = std::current_exception();
    return 0;
  }
}

int on_http_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(user)->cancel.cancelled() ? 1 : 0;
}

[[noreturn]] void untrusted(const Url& url, const std::string& reason) {
  throw Error(ErrorKind::Io, url.shown() + ": no trusted connection: " + reason,
              "check the address, the clock and the system's certificates (ca-certificates)");
}

void judge(Exchange& exchange, CURLcode code, const char* details) {
  if (exchange.failure) std::rethrow_exception(exchange.failure);
  if (code == CURLE_OK || exchange.enough) return;
  exchange.cancel.throw_if_cancelled();
  const std::string reason = *details ? details : curl_easy_strerror(code);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      untrusted(exchange.response.url, reason);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      exchange.response.reached = false;
      break;
    default:
      break;
  }
  exchange.response.broken = reason;
}

bool is_redirect(const HttpResponse& response) {
  const long s = response.status;
  return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
         !response.header("location").empty();
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList header_list(const std::vector<std::string>& headers) {
  HeaderList list(nullptr, &curl_slist_free_all);
  for (const auto& header : headers) {
    curl_slist* longer = curl_slist_append(list.get(), header.c_str());
    if (!longer) throw std::bad_alloc();
    if (!list) list.reset(longer);
  }
  return list;
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

void HttpClient::Closer::operator()(void* curl) const { curl_easy_cleanup(curl); }

HttpClient::HttpClient(std::string user_agent, HttpToken token, CancelToken cancel)
    : token_(std::move(token)), cancel_(cancel) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) curl_.reset(curl_easy_init());
  if (!curl_) throw Error(ErrorKind::Unsupported, "libcurl cannot be started");
  CURL* curl = curl_.get();
  curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 1L << 18);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_http_header);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_http_body);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_http_progress);
}

HttpResponse HttpClient::get_once(const Url& url, std::vector<std::string> headers,
                                  const HttpReader& reader) {
  if (!token_.secret.empty() && url.origin == token_.origin) {
    headers.push_back("Authorization: Bearer " + token_.secret);
  }
  CURL* curl = curl_.get();
  const HeaderList list = header_list(headers);
  Exchange exchange{curl, reader, cancel_, {}, false, false, 0, nullptr};
  exchange.response.url = url;
  char details[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, url.text.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, details);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  judge(exchange, code, details);
  if (exchange.response.broken.empty() && exchange.succeeded()) exchange.accept();  // no body
  return std::move(exchange.response);
}

HttpResponse HttpClient::get(const Url& url, const std::vector<std::string>& headers,
                             const HttpReader& reader) {
  std::map<std::string, std::string> linked;
  Url at = url;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    const HttpReader with_links{[&](const HttpResponse& head) {
                                  HttpResponse all = head;
                                  all.headers.insert(linked.begin(), linked.end());
                                  return reader.accept(all);
                                },
                                reader.take};
    HttpResponse response = get_once(at, headers, with_links);
    if (!response.broken.empty() || !is_redirect(response)) {
      response.headers.insert(linked.begin(), linked.end());
      return response;
    }
    for (const auto& [name, value] : response.headers) {
      if (name.starts_with("x-linked-")) linked.emplace(name, value);
    }
    at = redirected(at, response.header("location"));
  }
  throw Error(ErrorKind::Unsupported,
              url.shown() + ": more than " + std::to_string(kMostRedirects) + " redirects");
}

}  // namespace sfumato
