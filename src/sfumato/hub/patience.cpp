#include "sfumato/hub/patience.h"

#include <algorithm>
#include <charconv>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

constexpr int kMostAttempts = 6;
constexpr double kFirstWait = 0.5, kLongestWait = 60.0;  // seconds

/// Retry-After in seconds; its other form, a date, counts as not said.
double asked_wait(const HttpResponse& response) {
  const std::string text = response.header("retry-after");
  int seconds = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = failure == std::errc() && end == text.data() + text.size();
  return number ? std::clamp(double(seconds), 0.0, kLongestWait) : 0.0;
}

}  // namespace

bool is_passing(const HttpResponse& response) {
  const long s = response.status;
  return !response.broken.empty() || s == 408 || s == 429 || (s >= 500 && s != 501 && s != 505);
}

void Patience::wait(const std::string& what, const HttpResponse& response) {
  const std::string reason = response.broken.empty()
                                 ? "the server answers " + std::to_string(response.status)
                                 : response.broken;
  if (!response.reached && !any_success_) {
    throw Error(ErrorKind::Io, what + ": " + reason,
                "check the network, the address of --hub and the proxy (https_proxy)");
  }
  if (failures_ == kMostAttempts) {
    throw Error(
        ErrorKind::Io,
        what + ": given up after " + std::to_string(kMostAttempts + 1) + " attempts: " + reason,
        "what came is kept: try again later");
  }
  const double seconds = std::max(asked_wait(response), kFirstWait * double(1 << failures_));
  ++failures_;
  note_(what + ": " + reason + "; trying again");
  sleep_(seconds);
}

}  // namespace sfumato
