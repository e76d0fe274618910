#pragma once

#include <atomic>

#include "sfumato/base/error.h"

namespace sfumato {

/// A request to stop, seen by long work between two steps. Cheap to copy; the default one never
/// fires. The owner of the flag (a signal handler, an HTTP handler) sets it.
class CancelToken {
 public:
  CancelToken() = default;
  explicit CancelToken(const std::atomic<bool>& flag) : flag_(&flag) {}

  bool cancelled() const { return flag_ && flag_->load(std::memory_order_relaxed); }
  void throw_if_cancelled() const {
    if (cancelled()) throw Error(ErrorKind::Cancelled, "interrupted");
  }

 private:
  const std::atomic<bool>* flag_ = nullptr;
};

}  // namespace sfumato
