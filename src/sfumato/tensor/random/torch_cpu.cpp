#include "sfumato/tensor/random/torch_cpu.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {

// MT19937: Matsumoto & Nishimura 1998. PyTorch seeds it with the low half of the seed.
TorchCpuGenerator::TorchCpuGenerator(std::uint64_t seed) {
  state_[0] = static_cast<std::uint32_t>(seed);
  for (std::uint32_t i = 1; i < state_.size(); ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

std::uint32_t TorchCpuGenerator::bits32() {
  if (next_ == state_.size()) {
    for (std::size_t i = 0; i < 624; ++i) {
      const std::uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % 624] & 0x7fffffffu);
      state_[i] = state_[(i + 397) % 624] ^ (y >> 1) ^ ((y & 1u) ? 0x9908b0dfu : 0u);
    }
    next_ = 0;
  }
  std::uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

std::uint64_t TorchCpuGenerator::bits64() {
  const std::uint64_t high = bits32();
  return (high << 32) | bits32();
}

float TorchCpuGenerator::uniform_float() {
  return static_cast<float>(bits32() & 0xffffffu) * 0x1p-24f;
}

double TorchCpuGenerator::uniform_double() {
  return static_cast<double>(bits64() & ((1ull << 53) - 1)) * 0x1p-53;
}

double TorchCpuGenerator::normal_double() {
  if (left_over_) {
    const double value = *left_over_;
    left_over_.reset();
    return value;
  }
  const double u1 = uniform_double(), u2 = uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-u2)), angle = 2.0 * M_PI * u1;
  left_over_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

namespace {

// Box-Muller on 16 uniform numbers: the first eight give the radii, the last eight the angles.
void normal_block(float* block) {
  for (int i = 0; i < 8; ++i) {
    const double radius = std::sqrt(-2.0 * std::log(static_cast<double>(1.0f - block[i])));
    const double angle = 2.0 * M_PI * block[i + 8];
    block[i] = static_cast<float>(radius * std::cos(angle));
    block[i + 8] = static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace

at::Tensor TorchCpuGenerator::randn(at::IntArrayRef shape) {
  const at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  const std::int64_t count = out.numel();
  if (count < 16) {
    for (std::int64_t i = 0; i < count; ++i) data[i] = static_cast<float>(normal_double());
    return out;
  }
  for (std::int64_t i = 0; i < count; ++i) data[i] = uniform_float();
  for (std::int64_t i = 0; i + 16 <= count; i += 16) normal_block(data + i);
  if (count % 16 != 0) {  // the last block overlaps the one before and is drawn afresh
    float* last = data + count - 16;
    for (int i = 0; i < 16; ++i) last[i] = uniform_float();
    normal_block(last);
  }
  return out;
}

at::Tensor TorchCpuGenerator::rand(at::IntArrayRef shape) {
  const at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) data[i] = uniform_float();
  return out;
}

at::Tensor TorchCpuGenerator::randint(std::int64_t low, std::int64_t high, at::IntArrayRef shape) {
  if (high <= low) {
    throw Error(ErrorKind::InvalidArgument,
                "randint: empty range " + std::to_string(low) + ".." + std::to_string(high));
  }
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const bool wide = range >= (1ull << 32);
  const at::Tensor out = at::empty(shape, at::kLong);
  std::int64_t* data = out.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    data[i] = low + static_cast<std::int64_t>((wide ? bits64() : bits32()) % range);
  }
  return out;
}

}  // namespace sfumato
