#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

#include "command.h"

namespace sfumato::cli {

/// One line {"event": KIND, ...facts}. The kinds: "step" {what, done, total, seconds_left}, "image"
/// {path, index}, "note" {text}, at the end "done" {status, seconds} or "error" {status, message,
/// hint}.
void write_event(std::ostream& out, std::string_view kind, const nlohmann::ordered_json& facts);

/// What commands write on standard error, line by line as "note" events.
class NoteBuffer : public std::streambuf {
 public:
  explicit NoteBuffer(std::ostream& events) : events_(events) {}
  ~NoteBuffer() override { end_line(); }

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;

 private:
  void add(char c);
  void end_line();
  std::ostream& events_;
  std::string line_;
};

/// How far long work is: one line on stderr that overwrites itself where that is a terminal, events
/// with --progress json, else nothing.
class ProgressLine {
 public:
  explicit ProgressLine(Streams io) : io_(io) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Shows "what  done/total  0:12 left"; the time is judged from the pace since the first call
  /// with the same words.
  void show(const std::string& what, std::int64_t done, std::int64_t total);
  /// The same for bytes, with their speed: "what  1.2 GB of 3.4 GB  35.1 MB/s  0:12 left".
  void show_bytes(const std::string& what, std::int64_t done, std::int64_t total);
  /// A picture is complete in its file; `index` counts from 0.
  void picture_done(const std::string& path, int index);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  /// `amount` writes done and total, given the seconds that a unit takes (0: not known yet).
  void show_amount(const std::string& what, std::int64_t done, std::int64_t total,
                   const std::function<std::string(double pace)>& amount);
  Streams io_;
  bool shown_ = false;
  std::string what_;
  std::int64_t first_done_ = 0;
  Clock::time_point first_;
};

/// "0:07", "12:30", "3:05:00"
std::string clock_time(double seconds);

}  // namespace sfumato::cli
