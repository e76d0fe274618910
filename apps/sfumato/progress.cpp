#include "progress.h"

#include <cstdio>
#include <optional>

#include "sfumato/base/bytes_text.h"

namespace sfumato::cli {

void write_event(std::ostream& out, std::string_view kind, const nlohmann::ordered_json& facts) {
  nlohmann::ordered_json event{{"event", kind}};
  event.update(facts);
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  out << event.dump(-1, ' ', false, replace) << std::endl;
}

NoteBuffer::int_type NoteBuffer::overflow(int_type c) {
  if (!traits_type::eq_int_type(c, traits_type::eof())) add(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize NoteBuffer::xsputn(const char* text, std::streamsize size) {
  for (std::streamsize i = 0; i < size; ++i) add(text[i]);
  return size;
}

void NoteBuffer::add(char c) {
  if (c == '\n') {
    end_line();
  } else {
    line_ += c;
  }
}

void NoteBuffer::end_line() {
  if (!line_.empty()) write_event(events_, "note", {{"text", line_}});
  line_.clear();
}

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
  const std::string amount = std::to_string(done) + "/" + std::to_string(total);
  show_amount(what, done, total, [&](double) { return amount; });
}

void ProgressLine::show_bytes(const std::string& what, std::int64_t done, std::int64_t total) {
  const auto text = [](std::int64_t bytes) { return bytes_text(std::uint64_t(bytes)); };
  show_amount(what, done, total, [&](double pace) {
    const std::string amount = text(done) + " of " + text(total);
    return pace > 0 ? amount + "  " + text(std::int64_t(1 / pace)) + "/s" : amount;
  });
}

void ProgressLine::show_amount(const std::string& what, std::int64_t done, std::int64_t total,
                               const std::function<std::string(double)>& amount) {
  if (!io_.err_is_terminal && !io_.events) return;
  if (what != what_ || done < first_done_) {
    what_ = what;
    first_ = Clock::now();
    first_done_ = done;
  }
  double pace = 0;  // seconds a unit
  std::optional<double> seconds_left;
  if (done > first_done_) {
    const double spent = std::chrono::duration<double>(Clock::now() - first_).count();
    pace = spent / static_cast<double>(done - first_done_);
    seconds_left = pace * static_cast<double>(total - done);
  }
  if (io_.events) {
    nlohmann::ordered_json facts{{"what", what}, {"done", done}, {"total", total}};
    facts["seconds_left"] = seconds_left ? nlohmann::ordered_json(*seconds_left) : nullptr;
    return write_event(*io_.events, "step", facts);
  }
  shown_ = true;
  io_.err << "\r\x1B[K" << what << "  " << amount(pace);
  if (seconds_left) io_.err << "  " << clock_time(*seconds_left) << " left";
  io_.err << std::flush;
}

void ProgressLine::picture_done(const std::string& path, int index) {
  clear();
  if (io_.events) write_event(*io_.events, "image", {{"path", path}, {"index", index}});
}

void ProgressLine::clear() {
  if (shown_) io_.err << "\r\x1B[K" << std::flush;
  shown_ = false;
}

}  // namespace sfumato::cli
