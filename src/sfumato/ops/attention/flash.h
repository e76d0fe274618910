#pragma once

#include <cstdint>

namespace sfumato::ops::flash {

/// Tokens of every head of every sample: [B, H, tokens, D] in memory of any order, D contiguous.
/// Strides count values.
template <class Pointer>
struct Tokens {
  Pointer data;
  std::int64_t batch_stride, head_stride, token_stride;
};

/// Attention without a matrix of scores in memory (FlashAttention, Dao et al. 2022, alg. 1): a
/// block of queries meets one block of keys after the other, and what it has is rescaled whenever
/// its largest score grows. What a query gets depends neither on the batch nor on the threads.
struct Problem {
  std::int64_t batch, heads, queries, keys, width;  ///< B, H, T, S, D
  bool bfloat16;                                    ///< all values; otherwise float32
  float scale;                                      ///< of the scores
  Tokens<const void*> q, k, v;
  Tokens<void*> out;

  std::int64_t query_blocks() const;
};

/// One way to compute it: keys and values are first packed for the vector unit, head by head, then
/// blocks of queries are answered.
struct Kernel {
  /// Bytes of the packed keys and values of one head.
  std::int64_t (*packed_bytes)(const Problem& problem);
  /// Heads [first, last) of the B * H.
  void (*pack)(const Problem& problem, void* packed, std::int64_t first, std::int64_t last);
  /// Blocks [first, last) of the B * H * query_blocks().
  void (*attend)(const Problem& problem, const void* packed, std::int64_t first, std::int64_t last);
};

/// For every CPU: products and sums in float32, whatever the values are stored in.
const Kernel& float32_kernel();

/// For bfloat16 values on CPUs with AVX-512-BF16: products of pairs in bfloat16, sums and softmax
/// in float32. nullptr elsewhere.
const Kernel* bfloat16_kernel();

/// Queries that are answered together.
inline constexpr std::int64_t kQueryBlock = 48;
inline std::int64_t Problem::query_blocks() const {
  return (queries + kQueryBlock - 1) / kQueryBlock;
}

/// Where the values of one head begin.
template <class T, class Pointer>
T* head_of(const Tokens<Pointer>& tokens, const Problem& problem, std::int64_t head) {
  return static_cast<T*>(tokens.data) + head / problem.heads * tokens.batch_stride +
         head % problem.heads * tokens.head_stride;
}

}  // namespace sfumato::ops::flash
