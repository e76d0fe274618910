#pragma once

#include <filesystem>
#include <string>

namespace sfumato {

/// The SHA-256 of a whole file in lower-case hex. `cache` is a JSON file that remembers the hashes
/// of files whose path, size and time of change are still the same; it need not exist ("" is none),
/// and one that cannot be read or written only costs time. Throws NotFound or Io for the file
/// itself.
std::string file_sha256(const std::filesystem::path& file, const std::filesystem::path& cache);

/// Whether file_sha256() knows the answer without reading the file.
bool is_hash_remembered(const std::filesystem::path& file, const std::filesystem::path& cache);

}  // namespace sfumato
