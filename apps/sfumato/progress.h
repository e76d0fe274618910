#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "command.h"

namespace sfumato::cli {

/// One line on stderr that overwrites itself; silent where stderr is no terminal.
class ProgressLine {
 public:
  explicit ProgressLine(Streams io) : io_(io) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Shows "what  done/total  0:12 left"; the time is judged from the pace since the first call.
  void show(const std::string& what, std::int64_t done, std::int64_t total);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  Streams io_;
  bool shown_ = false;
  std::int64_t first_done_ = 0;
  Clock::time_point first_;
};

/// "0:07", "12:30", "3:05:00"
std::string clock_time(double seconds);

}  // namespace sfumato::cli
