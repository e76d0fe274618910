#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sfumato {

/// "48 s", "12 min", "2 h 05 min".
inline std::string duration_text(double seconds) {
  const auto total = static_cast<long>(std::lround(seconds));
  char text[64];
  if (total < 100) {
    std::snprintf(text, sizeof text, "%ld s", total);
  } else if (total < 100 * 60) {
    std::snprintf(text, sizeof text, "%ld min", (total + 30) / 60);
  } else {
    std::snprintf(text, sizeof text, "%ld h %02ld min", total / 3600, total % 3600 / 60);
  }
  return text;
}

/// How fast long work goes and when it ends, from the time since construction.
class Eta {
 public:
  /// `done` of `total` units are finished already (a resumed run).
  Eta(std::int64_t done, std::int64_t total)
      : start_(std::chrono::steady_clock::now()), first_(done), total_(total) {}

  double seconds_per_unit(std::int64_t done) const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    return done > first_ ? passed.count() / static_cast<double>(done - first_) : 0.0;
  }
  double seconds_left(std::int64_t done) const {
    return seconds_per_unit(done) * static_cast<double>(total_ - done);
  }

 private:
  std::chrono::steady_clock::time_point start_;
  std::int64_t first_, total_;
};

}  // namespace sfumato
