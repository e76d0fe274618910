#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

namespace sfumato {

/// The generator of one training step: a pure function of (seed, step), so that a resumed run draws
/// the same noise without any generator state having been saved. It lives on the CPU; draws are
/// moved to the device.
at::Generator step_generator(std::uint64_t seed, std::int64_t step);

/// While it lives, new modules get their initial weights from `seed`. LibTorch's layers draw them
/// from the default generator of the process, whose state is put back at the end.
class SeededInitialisation {
 public:
  explicit SeededInitialisation(std::uint64_t seed);
  ~SeededInitialisation();
  SeededInitialisation(const SeededInitialisation&) = delete;
  SeededInitialisation& operator=(const SeededInitialisation&) = delete;

 private:
  at::Generator saved_;
};

}  // namespace sfumato
