#include "target.h"

#include "sfumato/base/error.h"

namespace sfumato::fuzz {

void feed(const Target& target, std::string_view bytes) {
  try {
    target.read(bytes);
  } catch (const Error&) {
  }
}

}  // namespace sfumato::fuzz
