#include "sfumato/hub/download.h"

#include "sfumato/base/bytes_text.h"
#include "sfumato/base/error.h"
#include "sfumato/hub/answer.h"
#include "sfumato/hub/part_file.h"

namespace sfumato {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestText = 1 << 26;  // bytes of a listing

/// One file on its way, over as many connections as it takes.
class FileTransfer {
 public:
  FileTransfer(Download download, const DownloadEnv& env)
      : want_(std::move(download)), env_(env), part_(want_.path, content(), env.cancel) {}

  void run() {
    if (want_.size && part_.size() > *want_.size) part_.restart("");
    while (!is_whole()) {
      const auto before = part_.size();
      HttpResponse response = ask();
      if (part_.size() > before) env_.patience.succeeded();
      if (is_whole()) break;
      explain(response);
      env_.patience.wait(want_.path.filename().string(), response);
    }
    part_.finish(want_.sha256);
  }

 private:
  std::string content() const {
    if (!want_.sha256.empty()) return want_.sha256;
    return want_.content.empty() ? want_.url.shown() : want_.content;
  }

  bool is_whole() const { return want_.size && part_.size() == *want_.size; }

  /// Sees to it that `response` says why there is more to fetch. Throws where that is hopeless.
  void explain(HttpResponse& response) {
    if (is_passing(response)) return;
    if (response.status == 416 && part_.size() > 0) {
      part_.restart("");
      response.broken = "the server cannot go on where the part ends";
    } else if (response.status >= 300) {
      refused(response, want_.url.shown());
    } else {
      response.broken = other_bytes_ ? "the server sends other bytes than asked for"
                                     : "the connection ended too early";
    }
  }

  HttpResponse ask() {
    // Without a hash only the server can tell whether its file still is the one begun.
    if (part_.size() > 0 && part_.etag().empty() && want_.sha256.empty()) part_.restart("");
    std::vector<std::string> headers;
    if (part_.size() > 0) {
      headers.push_back("Range: bytes=" + std::to_string(part_.size()) + "-");
      if (!part_.etag().empty()) headers.push_back("If-Range: " + part_.etag());
    }
    return env_.http.get(want_.url, headers,
                         {[this](const HttpResponse& head) { return accept(head); },
                          [this](std::string_view bytes) { take(bytes); }});
  }

  bool accept(const HttpResponse& head) {
    expect_no_page(head);
    other_bytes_ = head.status == 206 && !goes_on(head);
    if (other_bytes_) {
      part_.restart("");
      return false;
    }
    if (head.status != 206) part_.restart(strong_etag(head));
    learn(head);
    expect_room(want_.path, *want_.size - part_.size());
    return true;
  }

  bool goes_on(const HttpResponse& head) const {
    const auto range = content_range(head);
    const std::string etag = strong_etag(head);
    const bool same = part_.etag().empty() || etag.empty() || etag == part_.etag();
    return range && range->first == part_.size() && same;
  }

  void learn(const HttpResponse& head) {
    if (want_.sha256.empty()) want_.sha256 = linked_sha256(head);
    const auto size = announced_size(head);
    if (!want_.size) want_.size = size;
    if (!want_.size) {
      throw Error(ErrorKind::Unsupported, want_.url.shown() + ": the server does not say its size",
                  "fetch it with another program");
    }
    if (size && *size != *want_.size) {
      part_.discard();
      throw Error(ErrorKind::Corrupt, want_.url.shown() + ": announced with " +
                                          std::to_string(*want_.size) + " bytes, but it has " +
                                          std::to_string(*size));
    }
  }

  void take(std::string_view bytes) {
    if (bytes.size() > *want_.size - part_.size()) {
      part_.discard();
      throw Error(ErrorKind::Corrupt, want_.url.shown() + ": the server sends more than the " +
                                          std::to_string(*want_.size) + " bytes announced");
    }
    part_.append(bytes);
    env_.on_progress(part_.size(), *want_.size);
  }

  Download want_;
  const DownloadEnv& env_;
  PartFile part_;
  bool other_bytes_ = false;  ///< the last answer was of no use
};

}  // namespace

bool is_fetched(const Download& download, const DownloadEnv& env) {
  const fs::path& path = download.path;
  if (!fs::exists(path)) return false;
  if (fs::is_directory(path)) {
    throw Error(ErrorKind::InvalidArgument, path.string() + " is a folder, expected a file");
  }
  const bool size_fits = download.size && fs::file_size(path) == *download.size;
  if (size_fits) {
    if (download.sha256.empty()) return true;
    env.note(path.string() + ": checking what is there");
    if (hashed_file(path, env.cancel) == download.sha256) return true;
  }
  if (download.replace) return false;
  throw Error(ErrorKind::InvalidArgument, path.string() + " exists and is another file",
              "move it away, or give another place with --out");
}

void fetch(Download download, const DownloadEnv& env) {
  FileTransfer(std::move(download), env).run();
}

RemoteFile probe(const Url& url, const DownloadEnv& env) {
  RemoteFile file;
  const HttpReader reader{[&](const HttpResponse& head) {
                            expect_no_page(head);
                            file.name = disposition_name(head);
                            file.size = announced_size(head);
                            file.sha256 = linked_sha256(head);
                            file.etag = strong_etag(head);
                            return false;
                          },
                          [](std::string_view) {}};
  for (;;) {
    const HttpResponse response = env.http.get(url, {"Range: bytes=0-0"}, reader);
    if (is_passing(response)) {
      env.patience.wait(url.shown(), response);
      continue;
    }
    if (response.status == 416) file.size = 0;  // an empty file has no first byte
    if (response.status >= 300 && response.status != 416) refused(response, url.shown());
    env.patience.succeeded();
    if (file.name.empty() && !url.path.empty()) file.name = url.path.back();
    if (!file.name.empty()) expect_safe_name(file.name, url.shown());
    return file;
  }
}

std::string fetch_text(const Url& url, const std::string& what, const DownloadEnv& env) {
  for (;;) {
    std::string text;
    const HttpReader reader{[](const HttpResponse&) { return true; },
                            [&](std::string_view bytes) {
                              text += bytes;
                              if (text.size() <= kLongestText) return;
                              throw Error(
                                  ErrorKind::Corrupt,
                                  what + ": the answer is larger than " + bytes_text(kLongestText));
                            }};
    const HttpResponse response = env.http.get(url, {}, reader);
    if (!is_passing(response)) {
      if (response.status >= 300) refused(response, what);
      env.patience.succeeded();
      return text;
    }
    env.patience.wait(what, response);
  }
}

HubListing fetch_listing(const Repository& repository, const DownloadEnv& env) {
  return parse_listing(fetch_text(repository.listing_url(), repository.page(), env),
                       repository.page());
}

}  // namespace sfumato
