#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/hub/url.h"

namespace sfumato {

/// A secret and the one origin (url.h) that may see it.
struct HttpToken {
  std::string secret;  ///< "": none
  std::string origin;
};

/// What a server said, all but the body.
struct HttpResponse {
  long status = 0;  ///< 0: no answer
  Url url;          ///< who answered in the end
  /// By lower-case name. The X-Linked- headers of a hub outlive its redirects: they describe the
  /// file, wherever it lies.
  std::map<std::string, std::string> headers;
  bool reached = true;  ///< false: no connection was made at all
  std::string broken;   ///< why the connection ended too early, or ""

  std::string header(const std::string& name) const;  ///< "" without it
};

/// Who reads an answer of status 2xx; bodies of other answers are dropped.
struct HttpReader {
  /// Sees the head before the body. False: the head was enough.
  std::function<bool(const HttpResponse&)> accept;
  std::function<void(std::string_view)> take;  ///< every piece of the body, in order
};

/// GET over http and https, one at a time, over connections that stay open. Proxies as the
/// environment says (http_proxy, https_proxy, no_proxy), certificates as the system says.
class HttpClient {
 public:
  HttpClient(std::string user_agent, HttpToken token, CancelToken cancel);

  /// Follows up to 10 redirects; the token goes to its own origin only. A connection that breaks,
  /// or stalls for half a minute, is no exception but HttpResponse::broken. Throws Io for a
  /// certificate that cannot be trusted, Unsupported for redirects that are not followed,
  /// Cancelled, and what the reader throws.
  HttpResponse get(const Url& url, const std::vector<std::string>& headers,
                   const HttpReader& reader);

 private:
  struct Closer {
    void operator()(void* curl) const;
  };
  HttpResponse get_once(const Url& url, std::vector<std::string> headers, const HttpReader& reader);

  std::unique_ptr<void, Closer> curl_;
  HttpToken token_;
  CancelToken cancel_;
};

}  // namespace sfumato
