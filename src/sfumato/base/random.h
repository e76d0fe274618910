#pragma once

#include <cstdint>

namespace sfumato {

/// A small seeded generator (splitmix64, Steele et al. 2014) whose draws are the same on every
/// machine, which the standard distributions do not promise. For data, shuffles and augmentation;
/// noise for images comes from tensor/random.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in 0 .. n-1; n > 0.
  std::uint64_t below(std::uint64_t n) { return bits() % n; }
  bool chance(double probability) { return uniform() < probability; }

  std::uint64_t state() const { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace sfumato
