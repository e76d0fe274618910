#include "sfumato/training/step_random.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "sfumato/base/random.h"

namespace sfumato {

at::Generator step_generator(std::uint64_t seed, std::int64_t step) {
  Random mix(seed * 0x9E3779B97F4A7C15ull + static_cast<std::uint64_t>(step));
  mix.bits();
  return at::make_generator<at::CPUGeneratorImpl>(mix.bits());
}

}  // namespace sfumato
