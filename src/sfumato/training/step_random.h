#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

#include "sfumato/base/random.h"

namespace sfumato {

/// The generator of one training step: a pure function of (seed, step), so that a resumed run draws
/// the same noise without any generator state having been saved. It lives on the CPU; draws are
/// moved to the device.
at::Generator step_generator(std::uint64_t seed, std::int64_t step);

/// The same for choices about data.
Random step_random(std::uint64_t seed, std::int64_t step);

}  // namespace sfumato
