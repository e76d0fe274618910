#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sfumato {

/// A zip archive of stored entries, in order; what tests need and nothing else.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string files, directory;
  const auto put = [](std::string& out, std::uint64_t value, int bytes) {
    for (; bytes > 0; --bytes, value >>= 8) out += static_cast<char>(value & 0xFF);
  };
  for (const auto& [name, data] : entries) {
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
    const std::uint64_t begin = files.size();
    const auto common = [&](std::string& out) {
      put(out, 20, 2);  // version, flags, method, time, date
      put(out, 0, 8);
      put(out, crc, 4);
      put(out, data.size(), 4);
      put(out, data.size(), 4);
      put(out, name.size(), 2);
      put(out, 0, 2);
    };
    put(files, 0x04034B50, 4);
    common(files);
    files += name + data;
    put(directory, 0x02014B50, 4);
    put(directory, 20, 2);
    common(directory);
    put(directory, 0, 10);  // comment, disk, attributes
    put(directory, begin, 4);
    directory += name;
  }
  std::string end;
  put(end, 0x06054B50, 4);
  put(end, 0, 4);
  put(end, entries.size(), 2);
  put(end, entries.size(), 2);
  put(end, directory.size(), 4);
  put(end, files.size(), 4);
  put(end, 0, 2);
  return files + directory + end;
}

}  // namespace sfumato
