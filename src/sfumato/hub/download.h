#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "sfumato/base/cancel.h"
#include "sfumato/hub/http.h"
#include "sfumato/hub/patience.h"
#include "sfumato/hub/repository.h"

namespace sfumato {

/// One file to fetch. What is not known beforehand is taken from the server's answer.
struct Download {
  Url url;
  std::filesystem::path path;
  std::optional<std::uint64_t> size;
  std::string sha256;    ///< in hex, or ""
  std::string content;   ///< names these very bytes when there is no hash; "": the address does
  bool replace = false;  ///< whether another file under that name may be replaced
};

/// What a download works with.
struct DownloadEnv {
  HttpClient& http;
  Patience& patience;
  CancelToken cancel;
  /// Bytes of this file that are on disk, of all; often.
  std::function<void(std::uint64_t done, std::uint64_t all)> on_progress;
  std::function<void(const std::string&)> note;  ///< one line for people
};

/// Whether the file is there already: of the size and hash announced. Throws InvalidArgument when
/// another file has its name and may not be replaced.
bool is_fetched(const Download& download, const DownloadEnv& env);

/// Fetches the file, going on with what an earlier attempt left (part_file.h). A broken connection
/// is tried again, a server that ignores Range is taken from the start, and the file appears only
/// when size and SHA-256 are right. Throws NotFound, Io (refused, disk full, no network), Corrupt
/// (other bytes than announced, or more), Unsupported (a web page, no size).
void fetch(Download download, const DownloadEnv& env);

/// What an address leads to, without its content: size, name, hash. `url` stays the one given.
struct RemoteFile {
  std::string name;  ///< checked by expect_safe_name(); "": the server has no name for it
  std::optional<std::uint64_t> size;
  std::string sha256, etag;
};
RemoteFile probe(const Url& url, const DownloadEnv& env);

/// A text of at most 64 MiB, such as a listing. Messages call it `what`. Throws as fetch().
std::string fetch_text(const Url& url, const std::string& what, const DownloadEnv& env);

/// The repository's files. Throws as fetch().
HubListing fetch_listing(const Repository& repository, const DownloadEnv& env);

}  // namespace sfumato
