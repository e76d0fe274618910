#include "progress.h"

#include <cstdio>

namespace sfumato::cli {

std::string clock_time(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  }
  return text;
}

void ProgressLine::show(const std::string& what, std::int64_t done, std::int64_t total) {
  if (!io_.err_is_terminal) return;
  if (!shown_) {
    first_ = Clock::now();
    first_done_ = done;
  }
  shown_ = true;
  io_.err << "\r\x1B[K" << what << "  " << done << "/" << total;
  if (done > first_done_) {
    const double spent = std::chrono::duration<double>(Clock::now() - first_).count();
    const double pace = spent / static_cast<double>(done - first_done_);
    io_.err << "  " << clock_time(pace * static_cast<double>(total - done)) << " left";
  }
  io_.err << std::flush;
}

void ProgressLine::clear() {
  if (shown_) io_.err << "\r\x1B[K" << std::flush;
  shown_ = false;
}

}  // namespace sfumato::cli
