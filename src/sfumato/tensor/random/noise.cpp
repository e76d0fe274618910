#include "sfumato/tensor/random/noise.h"

#include <memory>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/tensor/random/philox.h"
#include "sfumato/tensor/random/torch_cpu.h"

namespace sfumato {
namespace {

template <class Generator>
NoiseSource stream(std::uint64_t seed) {
  return [generator = std::make_shared<Generator>(seed)](at::IntArrayRef shape) {
    return generator->randn(shape);
  };
}

}  // namespace

NoiseSource torch_cpu_noise(std::uint64_t seed) { return stream<TorchCpuGenerator>(seed); }

NoiseSource philox_noise(std::uint64_t seed) { return stream<PhiloxGenerator>(seed); }

NoiseSource make_noise_source(std::string_view kind, std::uint64_t seed) {
  if (kind == "torch_cpu") return torch_cpu_noise(seed);
  if (kind == "philox") return philox_noise(seed);
  throw Error(ErrorKind::InvalidArgument, "unknown noise source '" + std::string(kind) + "'",
              "one of: torch_cpu, philox");
}

}  // namespace sfumato
