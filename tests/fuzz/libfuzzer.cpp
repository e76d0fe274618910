#include <cstddef>
#include <cstdint>

#include "target.h"

/// What libFuzzer calls; the build says which target that is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sfumato::fuzz::feed(sfumato::fuzz::SFUMATO_FUZZ_TARGET,
                      {reinterpret_cast<const char*>(data), size});
  return 0;
}
