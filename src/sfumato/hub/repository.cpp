#include "sfumato/hub/repository.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 1024, kLongestPart = 200;

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Owner, name: what hubs allow in them.
bool is_repository_word(std::string_view text) {
  return !text.empty() && text.size() <= 96 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

std::string with_slash(const Url& hub) {
  const std::string base = hub.shown();
  return base.ends_with('/') ? base : base + "/";
}

/// The segments below the hub's own address, or nothing where `url` lies elsewhere.
std::optional<std::vector<std::string>> below_hub(const Url& url, const Url& hub) {
  const auto& prefix = hub.path;
  if (url.origin != hub.origin || url.path.size() < prefix.size() ||
      !std::equal(prefix.begin(), prefix.end(), url.path.begin())) {
    return std::nullopt;
  }
  return std::vector<std::string>(url.path.begin() + std::ptrdiff_t(prefix.size()), url.path.end());
}

std::string joined_path(const std::vector<std::string>& parts, std::size_t first) {
  std::string path;
  for (std::size_t i = first; i < parts.size(); ++i) path += (path.empty() ? "" : "/") + parts[i];
  return path;
}

/// What an address on the hub shows: a repository, or a file in it.
std::optional<PullSource> page_of_hub(const Url& url, const Url& hub, const std::string& revision) {
  const auto parts = below_hub(url, hub);
  if (!parts || parts->size() < 2) return std::nullopt;
  const auto& p = *parts;
  if (!is_repository_word(p[0]) || !is_repository_word(p[1])) return std::nullopt;
  PullSource source{Repository{hub, p[0], p[1], revision}, "", std::nullopt};
  if (p.size() == 2) return source;
  const bool file = p[2] == "blob" || p[2] == "resolve";
  if ((!file && p[2] != "tree") || p.size() < (file ? 5u : 4u)) return std::nullopt;
  if (!revision.empty() && revision != p[3]) {
    throw Error(ErrorKind::InvalidArgument,
                "--revision " + revision + ": the address names the revision " + p[3]);
  }
  source.repository->revision = p[3];
  if (file) source.file = joined_path(p, 4);
  return source;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

HubFile parse_hub_file(const json& entry, const std::string& where) {
  HubFile file;
  file.name = entry.is_object() ? text_at(entry, "rfilename") : "";
  expect_safe_name(file.name, where);
  const auto size_in = [&](const json& object) {
    const auto found = object.find("size");
    if (found != object.end() && found->is_number_unsigned()) file.size = found->get<uint64_t>();
  };
  size_in(entry);
  file.blob_id = text_at(entry, "blobId");
  if (!is_hex(file.blob_id, 40)) file.blob_id.clear();
  if (const auto lfs = entry.find("lfs"); lfs != entry.end() && lfs->is_object()) {
    size_in(*lfs);
    file.sha256 = text_at(*lfs, "sha256");
    if (!is_hex(file.sha256, 64)) {
      throw Error(ErrorKind::Corrupt, where + ": " + file.name + " has no SHA-256 that is one");
    }
  }
  return file;
}

}  // namespace

Url Repository::listing_url() const {
  std::string text = with_slash(hub) + "api/models/" + id();
  if (!revision.empty()) text += "/revision/" + escape_segment(revision);
  return parse_url(text + "?blobs=true");
}

Url Repository::file_url(const std::string& file, const std::string& commit) const {
  const std::string version = !commit.empty() ? commit : revision.empty() ? "main" : revision;
  return parse_url(with_slash(hub) + id() + "/resolve/" + escape_segment(version) + "/" +
                   escape_path(file));
}

PullSource parse_pull_source(const std::string& text, const Url& hub, const std::string& revision) {
  if (text.find("://") != text.npos) {
    const Url url = parse_url(text);
    if (auto page = page_of_hub(url, hub, revision)) return *page;
    if (!revision.empty()) {
      throw Error(ErrorKind::InvalidArgument,
                  "--revision " + revision + ": " + url.shown() + " is no repository");
    }
    return {std::nullopt, "", url};
  }
  const auto slash = text.find('/');
  const std::string owner = text.substr(0, slash);
  const std::string name = slash == text.npos ? "" : text.substr(slash + 1);
  if (!is_repository_word(owner) || !is_repository_word(name)) {
    throw Error(ErrorKind::InvalidArgument, "'" + text + "' is neither OWNER/NAME nor an address",
                "for example: sfumato pull stabilityai/sdxl-turbo");
  }
  return {Repository{hub, owner, name, revision}, "", std::nullopt};
}

HubListing parse_listing(std::string_view text, const std::string& where) {
  const json root = parse_bounded_json(text);
  const auto siblings = root.is_object() ? root.find("siblings") : root.end();
  if (siblings == root.end() || !siblings->is_array()) {
    throw Error(ErrorKind::Corrupt, where + ": this is no list of a repository's files",
                "check the address of --hub");
  }
  HubListing listing;
  listing.commit = text_at(root, "sha");
  if (!is_hex(listing.commit, 40)) listing.commit.clear();
  std::set<std::string> names;
  for (const auto& entry : *siblings) {
    listing.files.push_back(parse_hub_file(entry, where));
    if (!names.insert(listing.files.back().name).second) {
      throw Error(ErrorKind::Corrupt, where + ": two files '" + listing.files.back().name + "'");
    }
  }
  return listing;
}

void expect_safe_name(std::string_view name, const std::string& where) {
  bool safe = !name.empty() && name.size() <= kLongestName && name.back() != '/';
  for (std::size_t begin = 0; safe && begin < name.size();) {
    const std::size_t slash = std::min(name.find('/', begin), name.size());
    const auto part = name.substr(begin, slash - begin);
    safe = !part.empty() && part != "." && part != ".." && part.size() <= kLongestPart;
    begin = slash + 1;
  }
  safe &= std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\';
  });
  if (safe) return;
  throw Error(ErrorKind::Corrupt,
              where + ": a file is called '" + std::string(name.substr(0, kLongestPart)) +
                  "', which cannot be a name below a folder",
              "nothing was written; do not trust this source");
}

}  // namespace sfumato
