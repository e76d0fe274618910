#include "sfumato/base/error.h"

namespace sfumato {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument:
      return 2;
    case ErrorKind::NotFound:
    case ErrorKind::Corrupt:
    case ErrorKind::Io:
      return 3;
    case ErrorKind::Unsupported:
    case ErrorKind::OutOfMemory:
      return 4;
    case ErrorKind::Cancelled:
      return 130;
  }
  return 1;
}

}  // namespace sfumato
