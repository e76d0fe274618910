#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>

namespace sfumato {

/// A stream of standard normal draws that belongs to one image: float32 on the CPU, the same on
/// every machine and device. Calling it again continues the stream.
using NoiseSource = std::function<at::Tensor(at::IntArrayRef shape)>;

/// The numbers PyTorch's CPU generator draws after manual_seed(seed).
NoiseSource torch_cpu_noise(std::uint64_t seed);
/// The numbers PyTorch's CUDA generator draws (Philox 4x32-10), computed on the CPU.
NoiseSource philox_noise(std::uint64_t seed);

/// "torch_cpu" or "philox".
NoiseSource make_noise_source(std::string_view kind, std::uint64_t seed);

}  // namespace sfumato
