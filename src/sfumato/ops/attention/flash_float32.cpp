#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "sfumato/ops/attention/flash.h"
#include "sfumato/ops/unroll.h"

// This file is compiled once per instruction set, as group_norm_silu/kernel.cpp.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sfumato/ops/attention/flash_float32.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // must be the first
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace sfumato::ops::flash::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using V = hn::Vec<F32>;

constexpr std::int64_t kKeyBlock = 128;
// A tile of rows x vectors of sums fills the registers: 32 of them with AVX-512, else 16.
constexpr std::int64_t kRows = 6, kVectors = HWY_TARGET == HWY_AVX3 ? 4 : 2;
constexpr float kLog2E = 1.44269504f;

std::int64_t lanes() { return static_cast<std::int64_t>(hn::Lanes(F32())); }
std::int64_t round_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }
std::int64_t padded_keys(const Problem& p) { return round_up(p.keys, kKeyBlock); }
std::int64_t padded_width(const Problem& p) { return round_up(p.width, lanes()); }

float widened(float value) { return value; }
float widened(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

void narrow(float value, float& to) { to = value; }
// To the nearest, ties to even; NaN stays NaN.
void narrow(float value, std::uint16_t& to) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const bool nan = (bits & 0x7fffffff) > 0x7f800000;
  to = static_cast<std::uint16_t>(nan ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// 2^x for x <= 0 to float32 precision: 0 below the range of float32, NaN for NaN.
HWY_INLINE V exp2_of(V x) {
  const F32 f;
  const auto whole = hn::Round(hn::Max(x, hn::Set(f, -127.0f)));
  const V part = hn::Sub(x, whole);  // -0.5 .. 0.5
  // Minimax polynomial, whose own error is far below the rounding of float32.
  V y = hn::Set(f, 1.5345812e-4f);
  for (const float c :
       {1.3399931e-3f, 9.6184890e-3f, 5.5503288e-2f, 2.4022647e-1f, 6.9314721e-1f, 1.0f}) {
    y = hn::MulAdd(y, part, hn::Set(f, c));
  }
  const hn::RebindToSigned<F32> i32;
  const auto exponent = hn::Add(hn::ConvertTo(i32, whole), hn::Set(i32, 127));
  const V scaled = hn::Mul(y, hn::BitCast(f, hn::ShiftLeft<23>(exponent)));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(f, -126.0f)), scaled);
}

// sums[row][vector] (+)= a[row][i] * b[i][vector], i < depth, for kRows rows of `a` and N vectors
// of lines of `b`.
template <bool kAdd, std::int64_t N>
HWY_INLINE void multiply_tile(const float* HWY_RESTRICT a, std::int64_t a_stride,
                              const float* HWY_RESTRICT b, std::int64_t b_stride,
                              std::int64_t depth, float* HWY_RESTRICT sums, std::int64_t stride) {
  const F32 f;
  const std::int64_t n = lanes();
  V acc[kRows][N];
  SFUMATO_UNROLL
  for (std::int64_t r = 0; r < kRows; ++r) {
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) {
      acc[r][v] = kAdd ? hn::LoadU(f, sums + r * stride + v * n) : hn::Zero(f);
    }
  }
  for (std::int64_t i = 0; i < depth; ++i) {
    V line[N];
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) line[v] = hn::LoadU(f, b + i * b_stride + v * n);
    SFUMATO_UNROLL
    for (std::int64_t r = 0; r < kRows; ++r) {
      const V value = hn::Set(f, a[r * a_stride + i]);
      SFUMATO_UNROLL
      for (std::int64_t v = 0; v < N; ++v) acc[r][v] = hn::MulAdd(value, line[v], acc[r][v]);
    }
  }
  SFUMATO_UNROLL
  for (std::int64_t r = 0; r < kRows; ++r) {
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) hn::StoreU(acc[r][v], f, sums + r * stride + v * n);
  }
}

// The same for as many columns as `columns`, a multiple of the lanes, and kQueryBlock rows.
template <bool kAdd>
void multiply(const float* a, std::int64_t a_stride, const float* b, std::int64_t b_stride,
              std::int64_t depth, float* sums, std::int64_t stride, std::int64_t columns) {
  const std::int64_t n = lanes();
  for (std::int64_t row = 0; row < kQueryBlock; row += kRows) {
    const float* own = a + row * a_stride;
    std::int64_t at = 0;
    for (; at + kVectors * n <= columns; at += kVectors * n) {
      multiply_tile<kAdd, kVectors>(own, a_stride, b + at, b_stride, depth,
                                    sums + row * stride + at, stride);
    }
    for (; at < columns; at += n) {
      multiply_tile<kAdd, 1>(own, a_stride, b + at, b_stride, depth, sums + row * stride + at,
                             stride);
    }
  }
}

// What a block of queries knows so far.
struct Block {
  std::vector<float> queries;  // [kQueryBlock, width], scaled; scores come out in powers of 2
  std::vector<float> scores;   // [kQueryBlock, kKeyBlock]; then their weights
  std::vector<float> sums;     // [kQueryBlock, padded width] of weighted values
  float largest[kQueryBlock], total[kQueryBlock];

  explicit Block(const Problem& p)
      : queries(kQueryBlock * p.width),
        scores(kQueryBlock * kKeyBlock),
        sums(kQueryBlock * padded_width(p)) {}
};

// Scores to weights relative to the largest score so far.
void weigh(Block& block, std::int64_t rows, std::int64_t keys, std::int64_t width) {
  const F32 f;
  const std::int64_t n = lanes(), columns = round_up(keys, n);
  for (std::int64_t r = 0; r < rows; ++r) {
    float* row = block.scores.data() + r * kKeyBlock;
    std::fill(row + keys, row + columns, -std::numeric_limits<float>::infinity());
    V most = hn::Set(f, block.largest[r]);
    for (std::int64_t i = 0; i < columns; i += n) most = hn::Max(most, hn::LoadU(f, row + i));
    const float largest = hn::GetLane(hn::MaxOfLanes(f, most));
    const V shift = hn::Set(f, largest);
    V total = hn::Zero(f);
    for (std::int64_t i = 0; i < columns; i += n) {
      const V weight = exp2_of(hn::Sub(hn::LoadU(f, row + i), shift));
      total = hn::Add(total, weight);
      hn::StoreU(weight, f, row + i);
    }
    const V fade = exp2_of(hn::Sub(hn::Set(f, block.largest[r]), shift));
    block.total[r] = block.total[r] * hn::GetLane(fade) + hn::GetLane(hn::SumOfLanes(f, total));
    if (largest != block.largest[r]) {
      float* sums = block.sums.data() + r * width;
      for (std::int64_t i = 0; i < width; i += n) {
        hn::StoreU(hn::Mul(hn::LoadU(f, sums + i), fade), f, sums + i);
      }
    }
    block.largest[r] = largest;
  }
}

std::int64_t packed_bytes(const Problem& p) {
  return padded_keys(p) * (p.width + padded_width(p)) * static_cast<std::int64_t>(sizeof(float));
}

// Keys [blocks of keys][D][kKeyBlock], then values [keys][padded D]; what is padded is zero.
template <class T>
void pack_head(const Problem& p, std::int64_t head, float* to) {
  const T* keys = head_of<const T>(p.k, p, head);
  const T* values = head_of<const T>(p.v, p, head);
  const std::int64_t wide = padded_width(p);
  float* packed_values = to + padded_keys(p) * p.width;
  std::fill_n(to, packed_bytes(p) / sizeof(float), 0.0f);
  for (std::int64_t s = 0; s < p.keys; ++s) {
    float* block = to + s / kKeyBlock * kKeyBlock * p.width + s % kKeyBlock;
    for (std::int64_t d = 0; d < p.width; ++d) {
      block[d * kKeyBlock] = widened(keys[s * p.k.token_stride + d]);
      packed_values[s * wide + d] = widened(values[s * p.v.token_stride + d]);
    }
  }
}

void pack(const Problem& p, void* packed, std::int64_t first, std::int64_t last) {
  for (std::int64_t head = first; head < last; ++head) {
    auto* to = reinterpret_cast<float*>(static_cast<char*>(packed) + head * packed_bytes(p));
    p.bfloat16 ? pack_head<std::uint16_t>(p, head, to) : pack_head<float>(p, head, to);
  }
}

template <class T>
void attend_block(const Problem& p, const float* packed, std::int64_t head, std::int64_t first,
                  Block& block) {
  const std::int64_t rows = std::min(kQueryBlock, p.queries - first), wide = padded_width(p);
  const T* queries = head_of<const T>(p.q, p, head) + first * p.q.token_stride;
  std::fill(block.queries.begin(), block.queries.end(), 0.0f);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t d = 0; d < p.width; ++d) {
      block.queries[r * p.width + d] =
          widened(queries[r * p.q.token_stride + d]) * (p.scale * kLog2E);
    }
  }
  std::fill(block.sums.begin(), block.sums.end(), 0.0f);
  std::fill_n(block.largest, kQueryBlock, std::numeric_limits<float>::lowest());
  std::fill_n(block.total, kQueryBlock, 0.0f);

  const float* values = packed + padded_keys(p) * p.width;
  for (std::int64_t key = 0; key < p.keys; key += kKeyBlock) {
    const std::int64_t keys = std::min(kKeyBlock, p.keys - key);
    multiply<false>(block.queries.data(), p.width, packed + key * p.width, kKeyBlock, p.width,
                    block.scores.data(), kKeyBlock, round_up(keys, lanes()));
    weigh(block, rows, keys, wide);
    multiply<true>(block.scores.data(), kKeyBlock, values + key * wide, wide, keys,
                   block.sums.data(), wide, wide);
  }

  T* out = head_of<T>(p.out, p, head) + first * p.out.token_stride;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t d = 0; d < p.width; ++d) {
      narrow(block.sums[r * wide + d] / block.total[r], out[r * p.out.token_stride + d]);
    }
  }
}

void attend(const Problem& p, const void* packed, std::int64_t first, std::int64_t last) {
  Block block(p);
  const std::int64_t blocks = p.query_blocks();
  for (std::int64_t task = first; task < last; ++task) {
    const std::int64_t head = task / blocks, query = task % blocks * kQueryBlock;
    const auto* own =
        reinterpret_cast<const float*>(static_cast<const char*>(packed) + head * packed_bytes(p));
    p.bfloat16 ? attend_block<std::uint16_t>(p, own, head, query, block)
               : attend_block<float>(p, own, head, query, block);
  }
}

}  // namespace

const Kernel kKernel{packed_bytes, pack, attend};
const Kernel& kernel() { return kKernel; }

}  // namespace sfumato::ops::flash::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sfumato::ops::flash {

HWY_EXPORT(kernel);
const Kernel& float32_kernel() { return HWY_DYNAMIC_DISPATCH(kernel)(); }

}  // namespace sfumato::ops::flash
#endif
