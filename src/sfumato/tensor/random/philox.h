#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace sfumato {

/// What torch.randn draws on a CUDA device after manual_seed(seed), computed on the CPU: Philox
/// 4x32-10 (Salmon et al. 2011) with counter (call, 0, element, 0) and the seed as key, then
/// Box-Muller. Exact for tensors that one pass of the CUDA kernel covers (a few hundred thousand
/// numbers on current cards, more than any latent). Every call uses a fresh counter, so drawing in
/// chunks gives other numbers than drawing at once.
class PhiloxGenerator {
 public:
  explicit PhiloxGenerator(std::uint64_t seed) : seed_(seed) {}
  at::Tensor randn(at::IntArrayRef shape);  ///< float32, N(0, 1)

 private:
  std::uint64_t seed_;
  std::uint32_t call_ = 0;
};

}  // namespace sfumato
