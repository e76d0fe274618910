#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/hub/url.h"

namespace sfumato {

/// A model repository of a hub, as people name it.
struct Repository {
  Url hub;  ///< "https://host" or "https://host/prefix"
  std::string owner, name;
  std::string revision;  ///< branch, tag or commit; "": the default branch

  std::string id() const { return owner + "/" + name; }
  /// Where the hub lists it (the API's form, with sizes and hashes).
  Url listing_url() const;
  Url file_url(const std::string& file, const std::string& commit) const;
  /// The page where a person reads about it and accepts its terms.
  std::string page() const { return hub.shown() + "/" + id(); }
};

/// What `sfumato pull` was asked for: a whole repository, one file of it, or an address.
struct PullSource {
  std::optional<Repository> repository;
  std::string file;  ///< the one file of the repository, or "" for the choice of choose_files()
  std::optional<Url> url;  ///< set when there is no repository
};

/// Reads OWNER/NAME, or an address: HUB/OWNER/NAME, HUB/OWNER/NAME/tree/REVISION and
/// HUB/OWNER/NAME/{blob,resolve}/REVISION/FILE mean what they show in the browser; every other
/// address means the file that it leads to. `revision` is that of --revision.
/// Throws InvalidArgument.
PullSource parse_pull_source(const std::string& text, const Url& hub, const std::string& revision);

/// One file of a repository.
struct HubFile {
  std::string name;  ///< relative path with '/', checked by expect_safe_name()
  std::optional<std::uint64_t> size;
  std::string sha256;   ///< in hex, or "": the hub has it only of large files
  std::string blob_id;  ///< git's name of a small file's content, or ""
};

struct HubListing {
  std::string commit;  ///< the revision as a hash, or ""
  std::vector<HubFile> files;
};

/// Reads the hub's answer for a repository: "sha" and "siblings", each with "rfilename", "size",
/// "blobId" and "lfs". Throws Corrupt naming `where` for other JSON and for names that
/// expect_safe_name() refuses.
HubListing parse_listing(std::string_view json, const std::string& where);

/// Names come from a server: refuses, as Corrupt, what is no plain relative path below a folder
/// (absolute, "..", ".", empty parts, backslashes, control characters, endless).
void expect_safe_name(std::string_view name, const std::string& where);

}  // namespace sfumato
