#pragma once

#include <cstdint>

namespace sfumato::convert_kernel {

enum class Type { Float16, BFloat16, Float32 };

/// The largest bits that occur among the magnitudes, as those of float32.
struct Largest {
  std::uint32_t source = 0, result = 0;
};
/// Bits of magnitudes of infinities and, above them, of NaN.
constexpr std::uint32_t kInfinity = 0x7F800000;

/// Values [first, last) of `from`, in `to` as float32 or, if so wanted, bfloat16.
Largest convert(const void* from, Type type, void* to, bool to_bfloat16, std::int64_t first,
                std::int64_t last);

}  // namespace sfumato::convert_kernel
