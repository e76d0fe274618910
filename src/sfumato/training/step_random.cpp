#include "sfumato/training/step_random.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace sfumato {

Random step_random(std::uint64_t seed, std::int64_t step) {
  Random random(seed * 0x9E3779B97F4A7C15ull + static_cast<std::uint64_t>(step));
  random.bits();
  return random;
}

at::Generator step_generator(std::uint64_t seed, std::int64_t step) {
  return at::make_generator<at::CPUGeneratorImpl>(step_random(seed, step).bits());
}

}  // namespace sfumato
