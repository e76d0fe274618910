#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace sfumato {

/// PyTorch's CPU generator (MT19937 and its transforms), number for number: after
/// torch.manual_seed(seed), torch.randn / rand / randint on the CPU draw what this draws.
/// Rewritten here so that the numbers depend on neither the LibTorch version nor the processor.
/// The draws of one call depend on its size: below 16 numbers the scalar transform is used and one
/// number may be left over for the next such call; from 16 on, blocks. Drawing in chunks therefore
/// gives other numbers than drawing at once, in PyTorch too.
class TorchCpuGenerator {
 public:
  explicit TorchCpuGenerator(std::uint64_t seed);

  at::Tensor randn(at::IntArrayRef shape);  ///< float32, N(0, 1)
  at::Tensor rand(at::IntArrayRef shape);   ///< float32 in [0, 1)
  at::Tensor randint(std::int64_t low, std::int64_t high, at::IntArrayRef shape);  ///< int64

 private:
  std::uint32_t bits32();
  std::uint64_t bits64();
  float uniform_float();
  double uniform_double();
  double normal_double();

  std::array<std::uint32_t, 624> state_;
  std::size_t next_ = 624;
  std::optional<double> left_over_;
};

}  // namespace sfumato
