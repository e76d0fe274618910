#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "sfumato/ops/attention/flash.h"
#include "sfumato/ops/unroll.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Highway of Debian 12 has no dot products of bfloat16, so they are spelled out here. Each function
// is compiled for these instructions whatever the rest of the program is compiled for.
#define SFUMATO_AVX512_BF16 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")))

namespace sfumato::ops::flash {
namespace avx512 {
namespace {

constexpr std::int64_t kKeyBlock = 128, kLanes = 16;
// A tile of rows x vectors of sums fills most of the 32 registers.
constexpr std::int64_t kRows = 6, kVectors = 4;
constexpr float kLog2E = 1.44269504f;

std::int64_t round_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }
std::int64_t padded_keys(const Problem& p) { return round_up(p.keys, kKeyBlock); }
std::int64_t padded_width(const Problem& p) { return round_up(p.width, kLanes); }
std::int64_t pairs(const Problem& p) { return (p.width + 1) / 2; }

// sums[row][vector] (+)= dot products of pairs: a[row][i] of two values, b[i][vector] of two values
// a lane, i < depth.
template <bool kAdd, std::int64_t N>
SFUMATO_AVX512_BF16 void multiply_tile(const std::uint32_t* a, std::int64_t a_stride,
                                       const std::uint32_t* b, std::int64_t b_stride,
                                       std::int64_t depth, float* sums, std::int64_t stride) {
  __m512 acc[kRows][N];
  SFUMATO_UNROLL
  for (std::int64_t r = 0; r < kRows; ++r) {
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) {
      acc[r][v] = kAdd ? _mm512_loadu_ps(sums + r * stride + v * kLanes) : _mm512_setzero_ps();
    }
  }
  for (std::int64_t i = 0; i < depth; ++i) {
    __m512bh line[N];
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) {
      line[v] = (__m512bh)_mm512_loadu_si512(b + i * b_stride + v * kLanes);
    }
    SFUMATO_UNROLL
    for (std::int64_t r = 0; r < kRows; ++r) {
      const auto pair = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r * a_stride + i]));
      SFUMATO_UNROLL
      for (std::int64_t v = 0; v < N; ++v) {
        acc[r][v] = _mm512_dpbf16_ps(acc[r][v], pair, line[v]);
      }
    }
  }
  SFUMATO_UNROLL
  for (std::int64_t r = 0; r < kRows; ++r) {
    SFUMATO_UNROLL
    for (std::int64_t v = 0; v < N; ++v) {
      _mm512_storeu_ps(sums + r * stride + v * kLanes, acc[r][v]);
    }
  }
}

// The same for kQueryBlock rows and as many columns as `columns`, a multiple of the lanes.
template <bool kAdd>
SFUMATO_AVX512_BF16 void multiply(const std::uint32_t* a, std::int64_t a_stride,
                                  const std::uint32_t* b, std::int64_t b_stride, std::int64_t depth,
                                  float* sums, std::int64_t stride, std::int64_t columns) {
  constexpr std::int64_t kWide = kVectors * kLanes;
  for (std::int64_t row = 0; row < kQueryBlock; row += kRows) {
    const std::uint32_t* own = a + row * a_stride;
    float* to = sums + row * stride;
    std::int64_t at = 0;
    for (; at + kWide <= columns; at += kWide) {
      multiply_tile<kAdd, kVectors>(own, a_stride, b + at, b_stride, depth, to + at, stride);
    }
    switch ((columns - at) / kLanes) {
      case 3:
        multiply_tile<kAdd, 3>(own, a_stride, b + at, b_stride, depth, to + at, stride);
        break;
      case 2:
        multiply_tile<kAdd, 2>(own, a_stride, b + at, b_stride, depth, to + at, stride);
        break;
      case 1:
        multiply_tile<kAdd, 1>(own, a_stride, b + at, b_stride, depth, to + at, stride);
        break;
    }
  }
}

// 2^x for x <= 0, to the precision of the bfloat16 that it becomes and somewhat more: 0 for -inf,
// NaN for NaN. Minimax polynomial of degree 4 on -0.5 .. 0.5, relative error below 3e-6.
SFUMATO_AVX512_BF16 inline __m512 exp2_of(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(_mm512_max_ps(_mm512_set1_ps(-200.0f), x),
                                            _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 part = _mm512_max_ps(_mm512_set1_ps(-1.0f), _mm512_sub_ps(x, whole));
  __m512 y = _mm512_set1_ps(9.5701017e-3f);
  for (const float c : {5.5917860e-2f, 2.4024745e-1f, 6.9312181e-1f, 9.9999926e-1f}) {
    y = _mm512_fmadd_ps(y, part, _mm512_set1_ps(c));
  }
  return _mm512_scalef_ps(y, whole);
}

struct Block {
  std::vector<std::uint32_t> queries;  // [kQueryBlock, pairs of width]
  std::vector<float> scores;           // [kQueryBlock, kKeyBlock]
  std::vector<std::uint32_t> weights;  // [kQueryBlock, pairs of kKeyBlock]
  std::vector<float> sums;             // [kQueryBlock, padded width] of weighted values
  float largest[kQueryBlock], total[kQueryBlock];

  explicit Block(const Problem& p)
      : queries(kQueryBlock * pairs(p)),
        scores(kQueryBlock * kKeyBlock),
        weights(kQueryBlock * kKeyBlock / 2),
        sums(kQueryBlock * padded_width(p)) {}
};

// Scores to weights relative to the largest score so far. `scale` brings scores to powers of 2.
SFUMATO_AVX512_BF16 void weigh(Block& block, std::int64_t rows, std::int64_t keys,
                               std::int64_t width, float scale) {
  const __m512 to_powers = _mm512_set1_ps(scale);
  const std::int64_t columns = round_up(keys, kLanes);
  for (std::int64_t r = 0; r < rows; ++r) {
    float* row = block.scores.data() + r * kKeyBlock;
    std::fill(row + keys, row + columns, -std::numeric_limits<float>::infinity());
    __m512 most = _mm512_loadu_ps(row);
    for (std::int64_t i = kLanes; i < columns; i += kLanes) {
      most = _mm512_max_ps(most, _mm512_loadu_ps(row + i));
    }
    const float before = block.largest[r];
    const float largest = std::max(before, _mm512_reduce_max_ps(most) * scale);
    const __m512 shift = _mm512_set1_ps(largest);
    __m512 total = _mm512_setzero_ps();
    auto* weights = reinterpret_cast<std::uint16_t*>(block.weights.data()) + r * kKeyBlock;
    for (std::int64_t i = 0; i < columns; i += kLanes) {
      const __m512 weight = exp2_of(_mm512_fmsub_ps(_mm512_loadu_ps(row + i), to_powers, shift));
      total = _mm512_add_ps(total, weight);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + i),
                          (__m256i)_mm512_cvtneps_pbh(weight));
    }
    const __m512 fade = exp2_of(_mm512_sub_ps(_mm512_set1_ps(before), shift));
    block.total[r] = block.total[r] * _mm512_cvtss_f32(fade) + _mm512_reduce_add_ps(total);
    block.largest[r] = largest;
    if (largest == before) continue;
    float* sums = block.sums.data() + r * width;
    for (std::int64_t i = 0; i < width; i += kLanes) {
      _mm512_storeu_ps(sums + i, _mm512_mul_ps(_mm512_loadu_ps(sums + i), fade));
    }
  }
}

std::int64_t packed_bytes(const Problem& p) {
  return padded_keys(p) * (2 * pairs(p) + padded_width(p)) * 2;
}

// Keys [blocks of keys][pairs of D][kKeyBlock][2], then values [pairs of keys][padded D][2]; what
// is padded is zero.
void pack_head(const Problem& p, std::int64_t head, std::uint16_t* to) {
  const auto* keys = head_of<const std::uint16_t>(p.k, p, head);
  const auto* values = head_of<const std::uint16_t>(p.v, p, head);
  const std::int64_t deep = 2 * pairs(p), wide = padded_width(p);
  std::uint16_t* packed_values = to + padded_keys(p) * deep;
  std::memset(to, 0, packed_bytes(p));
  for (std::int64_t s = 0; s < p.keys; ++s) {
    std::uint16_t* block = to + s / kKeyBlock * kKeyBlock * deep + 2 * (s % kKeyBlock);
    std::uint16_t* line = packed_values + s / 2 * 2 * wide + s % 2;
    for (std::int64_t d = 0; d < p.width; ++d) {
      block[d / 2 * 2 * kKeyBlock + d % 2] = keys[s * p.k.token_stride + d];
      line[2 * d] = values[s * p.v.token_stride + d];
    }
  }
}

void pack(const Problem& p, void* packed, std::int64_t first, std::int64_t last) {
  for (std::int64_t head = first; head < last; ++head) {
    pack_head(
        p, head,
        reinterpret_cast<std::uint16_t*>(static_cast<char*>(packed) + head * packed_bytes(p)));
  }
}

SFUMATO_AVX512_BF16 void write_row(const float* sums, float total, std::int64_t width,
                                   std::uint16_t* out) {
  const __m512 share = _mm512_set1_ps(1.0f / total);
  for (std::int64_t d = 0; d < width; d += kLanes) {
    const auto lanes = static_cast<__mmask16>((1u << std::min(kLanes, width - d)) - 1u);
    const __m512 value = _mm512_mul_ps(_mm512_loadu_ps(sums + d), share);
    _mm256_mask_storeu_epi16(out + d, lanes, (__m256i)_mm512_cvtneps_pbh(value));
  }
}

void attend_block(const Problem& p, const std::uint16_t* packed, std::int64_t head,
                  std::int64_t first, Block& block) {
  const std::int64_t rows = std::min(kQueryBlock, p.queries - first);
  const std::int64_t deep = pairs(p), wide = padded_width(p);
  const auto* queries = head_of<const std::uint16_t>(p.q, p, head) + first * p.q.token_stride;
  std::fill(block.queries.begin(), block.queries.end(), 0u);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::memcpy(block.queries.data() + r * deep, queries + r * p.q.token_stride, p.width * 2);
  }
  std::fill(block.sums.begin(), block.sums.end(), 0.0f);
  std::fill_n(block.largest, kQueryBlock, std::numeric_limits<float>::lowest());
  std::fill_n(block.total, kQueryBlock, 0.0f);

  const auto* keys = reinterpret_cast<const std::uint32_t*>(packed);
  const std::uint32_t* values = keys + padded_keys(p) * deep;
  for (std::int64_t key = 0; key < p.keys; key += kKeyBlock) {
    const std::int64_t count = std::min(kKeyBlock, p.keys - key);
    multiply<false>(block.queries.data(), deep, keys + key * deep, kKeyBlock, deep,
                    block.scores.data(), kKeyBlock, round_up(count, kLanes));
    weigh(block, rows, count, wide, p.scale * kLog2E);
    multiply<true>(block.weights.data(), kKeyBlock / 2, values + key / 2 * wide, wide,
                   (count + 1) / 2, block.sums.data(), wide, wide);
  }

  auto* out = head_of<std::uint16_t>(p.out, p, head) + first * p.out.token_stride;
  for (std::int64_t r = 0; r < rows; ++r) {
    write_row(block.sums.data() + r * wide, block.total[r], p.width, out + r * p.out.token_stride);
  }
}

void attend(const Problem& p, const void* packed, std::int64_t first, std::int64_t last) {
  Block block(p);
  const std::int64_t blocks = p.query_blocks();
  for (std::int64_t task = first; task < last; ++task) {
    const std::int64_t head = task / blocks;
    const auto* own = reinterpret_cast<const std::uint16_t*>(static_cast<const char*>(packed) +
                                                             head * packed_bytes(p));
    attend_block(p, own, head, task % blocks * kQueryBlock, block);
  }
}

constexpr Kernel kKernel{packed_bytes, pack, attend};

}  // namespace
}  // namespace avx512

const Kernel* bfloat16_kernel() {
  static const bool has =
      __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512dq");
  return has ? &avx512::kKernel : nullptr;
}

}  // namespace sfumato::ops::flash

#else

namespace sfumato::ops::flash {
const Kernel* bfloat16_kernel() { return nullptr; }
}  // namespace sfumato::ops::flash

#endif
