#pragma once

#include <stdexcept>
#include <string>

namespace sfumato {

/// What the *caller* can do about a failure, not where it came from.
enum class ErrorKind {
  InvalidArgument,  ///< the request is wrong: fix the value
  NotFound,         ///< a file, model or name does not exist
  Corrupt,          ///< a file is damaged, foreign or does not fit
  Unsupported,      ///< understood, but this build or machine cannot do it
  OutOfMemory,
  Io,         ///< the system refused to read or write
  Cancelled,  ///< the user stopped it; what was finished is kept
};

/// The one exception type. `what()` states in one line what was wrong, where (file, tensor, field)
/// and with which value; `hint()` is an action, or empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what, std::string hint = "")
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

/// Process exit status of a failure: 2 usage, 3 bad input or output file, 4 unsupported or out of
/// memory, 130 interrupted.
int exit_code(ErrorKind kind);

}  // namespace sfumato
