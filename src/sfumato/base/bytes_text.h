#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace sfumato {

/// "812 bytes", "3.4 MB", "12.0 GB": powers of ten, as disks and hubs count.
inline std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  const char* unit = "kB";
  double value = static_cast<double>(bytes) / 1e3;
  for (const char* larger : {"MB", "GB", "TB"}) {
    if (value < 999.95) break;
    value /= 1e3;
    unit = larger;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, unit);
  return text;
}

}  // namespace sfumato
