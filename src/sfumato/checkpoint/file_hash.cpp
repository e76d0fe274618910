#include "sfumato/checkpoint/file_hash.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"
#include "sfumato/checkpoint/mapped_file.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostCache = 16 << 20;
constexpr std::size_t kHexDigits = 64;

/// What a file looks like from outside.
json facts_of(const fs::path& file) {
  return {
      {"size", static_cast<std::uint64_t>(fs::file_size(file))},
      {"mtime", static_cast<std::int64_t>(fs::last_write_time(file).time_since_epoch().count())}};
}

json read_cache(const fs::path& cache) {
  if (cache.empty()) return json::object();
  try {
    json known = json::parse(read_file(cache, kMostCache), nullptr, /*allow_exceptions=*/false);
    if (known.is_object()) return known;
  } catch (const Error&) {
    // None yet, or none that may be read.
  }
  return json::object();
}

/// The remembered hash, or "".
std::string recall(const json& known, const std::string& path, const json& facts) {
  const auto entry = known.find(path);
  if (entry == known.end() || !entry->is_object()) return "";
  const std::string hash = entry->value("sha256", json()).is_string()
                               ? (*entry)["sha256"].get<std::string>()
                               : std::string();
  const bool same = entry->value("size", json()) == facts["size"] &&
                    entry->value("mtime", json()) == facts["mtime"];
  return same && hash.size() == kHexDigits ? hash : "";
}

void forget_absent_files(json& known) {
  std::vector<std::string> absent;
  for (const auto& [path, entry] : known.items()) {
    std::error_code failure;
    if (!fs::exists(path, failure)) absent.push_back(path);
  }
  for (const auto& path : absent) known.erase(path);
}

void remember(const fs::path& cache, json known, const std::string& path, json facts,
              const std::string& hash) {
  facts["sha256"] = hash;
  known[path] = std::move(facts);
  try {
    forget_absent_files(known);
    if (cache.has_parent_path()) make_folder(cache.parent_path());
    write_file_atomically(cache, known.dump(1, ' ', false, json::error_handler_t::replace));
  } catch (const Error&) {
    // The next time takes as long as this one.
  }
}

// Piece by piece: a file of many gigabytes need not be in memory at once.
std::string sha256_of(const MappedFile& file) {
  constexpr std::size_t kPiece = std::size_t(1) << 26;
  Sha256 sum;
  for (std::string_view rest = file.bytes(); !rest.empty();) {
    const std::string_view piece = rest.substr(0, kPiece);
    sum.update(piece);
    file.forget(piece);
    rest.remove_prefix(piece.size());
  }
  return sum.hex();
}

}  // namespace

std::string file_sha256(const fs::path& file, const fs::path& cache) {
  // Mapped first: its errors name the path.
  const auto mapped = MappedFile::open(file);
  const std::string path = fs::canonical(file).string();
  const json facts = facts_of(file);
  json known = read_cache(cache);
  std::string hash = recall(known, path, facts);
  if (!hash.empty()) return hash;
  hash = sha256_of(*mapped);
  if (!cache.empty()) remember(cache, std::move(known), path, facts, hash);
  return hash;
}

bool is_hash_remembered(const fs::path& file, const fs::path& cache) {
  std::error_code failure;
  const fs::path path = fs::canonical(file, failure);
  return !failure && !recall(read_cache(cache), path.string(), facts_of(path)).empty();
}

}  // namespace sfumato
