#include "sfumato/tensor/random/philox.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

namespace sfumato {
namespace {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", sec. 4.3.
Counter philox_4x32_10(Counter c, Key key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

// cuRAND keeps both constants in single precision.
constexpr double kInverse = 2.3283064e-10f;
constexpr double kInverseTwoPi = static_cast<float>(2.3283064e-10 * 6.2831855);

float box_muller(std::uint32_t x, std::uint32_t y) {
  const double u = x * kInverse + kInverse / 2;
  const double v = y * kInverseTwoPi + kInverseTwoPi / 2;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::sin(v));
}

}  // namespace

at::Tensor PhiloxGenerator::randn(at::IntArrayRef shape) {
  const Key key{static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)};
  const at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const auto bits = philox_4x32_10({call_, 0, static_cast<std::uint32_t>(i), 0}, key);
    data[i] = box_muller(bits[0], bits[1]);
  }
  ++call_;
  return out;
}

}  // namespace sfumato
