#pragma once

#include <functional>
#include <string>

#include "sfumato/hub/http.h"

namespace sfumato {

/// How long to wait and how often to try again when a server or a connection fails: up to six
/// times in a row, after 0.5, 1, 2, 4, 8 and 16 s or as long as the server asks (60 s at most).
/// Every success in between starts the count anew.
class Patience {
 public:
  /// `sleep` may throw to stop; `note` is told in one line what went wrong.
  Patience(std::function<void(double seconds)> sleep, std::function<void(const std::string&)> note)
      : sleep_(std::move(sleep)), note_(std::move(note)) {}

  void succeeded() {
    failures_ = 0;
    any_success_ = true;
  }
  /// Waits before the next attempt. Throws Io when there should be none: too many failures, or
  /// the server was never reached. `what` is what could not be fetched.
  void wait(const std::string& what, const HttpResponse& response);

 private:
  std::function<void(double)> sleep_;
  std::function<void(const std::string&)> note_;
  int failures_ = 0;
  bool any_success_ = false;
};

/// Whether another attempt may help: a broken connection, a server that is busy or ill.
bool is_passing(const HttpResponse& response);

}  // namespace sfumato
