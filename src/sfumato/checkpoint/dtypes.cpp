#include "sfumato/checkpoint/dtypes.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

struct Dtype {
  std::string_view name;
  std::uint64_t size;
  at::ScalarType type;  ///< Undefined: decoded to another type, see below
};

constexpr std::array kDtypes{
    Dtype{"F64", 8, at::kDouble},
    Dtype{"F32", 4, at::kFloat},
    Dtype{"F16", 2, at::kHalf},
    Dtype{"BF16", 2, at::kBFloat16},
    Dtype{"I64", 8, at::kLong},
    Dtype{"I32", 4, at::kInt},
    Dtype{"I16", 2, at::kShort},
    Dtype{"I8", 1, at::kChar},
    Dtype{"U8", 1, at::kByte},
    Dtype{"BOOL", 1, at::kBool},
    Dtype{"C64", 8, at::kComplexFloat},
    Dtype{"U64", 8, at::ScalarType::Undefined},
    Dtype{"U32", 4, at::ScalarType::Undefined},
    Dtype{"U16", 2, at::ScalarType::Undefined},
    Dtype{"F8_E4M3", 1, at::ScalarType::Undefined},
    Dtype{"F8_E5M2", 1, at::ScalarType::Undefined},
};

const Dtype* find(std::string_view name) {
  for (const auto& dtype : kDtypes) {
    if (dtype.name == name) return &dtype;
  }
  return nullptr;
}

/// An 8-bit float: sign, `exponent_bits`, the rest mantissa. Micikevicius et al. 2022
/// (arXiv:2209.05433), table 1: E5M2 has infinities as IEEE does, E4M3 only one NaN pattern.
float decode_float8(std::uint8_t bits, int exponent_bits) {
  const int mantissa_bits = 7 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int top = (1 << exponent_bits) - 1;
  const int exponent = (bits >> mantissa_bits) & top;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const float sign = bits & 0x80 ? -1.0f : 1.0f;

  if (exponent_bits == 5 && exponent == top) {
    return mantissa ? std::numeric_limits<float>::quiet_NaN()
                    : sign * std::numeric_limits<float>::infinity();
  }
  if (exponent_bits == 4 && (bits & 0x7F) == 0x7F) return std::numeric_limits<float>::quiet_NaN();
  if (exponent == 0) return sign * std::ldexp(float(mantissa), 1 - bias - mantissa_bits);
  return sign * std::ldexp(float(mantissa + (1 << mantissa_bits)), exponent - bias - mantissa_bits);
}

at::Tensor decode_float8(const std::vector<std::int64_t>& shape, const char* data,
                         int exponent_bits) {
  std::array<float, 256> table;
  for (int bits = 0; bits < 256; ++bits) table[bits] = decode_float8(bits, exponent_bits);
  const at::Tensor result = at::empty(shape, at::kFloat);
  float* out = result.data_ptr<float>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    out[i] = table[static_cast<std::uint8_t>(data[i])];
  }
  return result;
}

template <class Unsigned>
at::Tensor widen(const std::vector<std::int64_t>& shape, const char* data) {
  const at::Tensor result = at::empty(shape, at::kLong);
  auto* out = result.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    Unsigned value;
    std::memcpy(&value, data + i * sizeof(Unsigned), sizeof(Unsigned));
    if (std::uint64_t(value) > std::uint64_t(std::numeric_limits<std::int64_t>::max())) {
      throw Error(ErrorKind::Unsupported, "the value " + std::to_string(value) +
                                              " of an unsigned tensor does not fit in int64");
    }
    out[i] = static_cast<std::int64_t>(value);
  }
  return result;
}

}  // namespace

std::optional<std::uint64_t> safetensors_element_size(std::string_view dtype) {
  const auto* known = find(dtype);
  return known ? std::optional(known->size) : std::nullopt;
}

std::string safetensors_dtype(at::ScalarType type) {
  for (const auto& dtype : kDtypes) {
    if (dtype.type == type) return std::string(dtype.name);
  }
  throw Error(ErrorKind::Unsupported,
              std::string("a safetensors file cannot hold tensors of type ") + at::toString(type));
}

at::Tensor tensor_from_bytes(std::string_view dtype, const std::vector<std::int64_t>& shape,
                             const char* data, std::shared_ptr<void> owner) {
  if (dtype == "F8_E4M3") return decode_float8(shape, data, 4);
  if (dtype == "F8_E5M2") return decode_float8(shape, data, 5);
  if (dtype == "U16") return widen<std::uint16_t>(shape, data);
  if (dtype == "U32") return widen<std::uint32_t>(shape, data);
  if (dtype == "U64") return widen<std::uint64_t>(shape, data);

  const Dtype& known = *find(dtype);
  std::uint64_t bytes = known.size;
  for (const auto size : shape) bytes *= static_cast<std::uint64_t>(size);
  if (bytes == 0) return at::empty(shape, known.type);

  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % known.size == 0;
  if (!aligned) {
    const at::Tensor copy = at::empty(shape, known.type);
    std::memcpy(copy.data_ptr(), data, bytes);
    return copy;
  }
  return at::from_blob(
      const_cast<char*>(data), shape, [owner = std::move(owner)](void*) {},
      at::TensorOptions(known.type));
}

}  // namespace sfumato
