#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace sfumato {

/// Vectors that stand in a batch of prompts in place of token embeddings (textual inversion, Gal et
/// al. 2022, sec. 4).
struct TokenVectors {
  std::int64_t row;       ///< the prompt's place in the batch
  std::int64_t position;  ///< of the first token that they replace, the start token being 0
  at::Tensor vectors;     ///< [count, D]
};

/// embedded [B, T, D] -> the same with the vectors in their places; those beyond the last token are
/// cut off. Throws InvalidArgument for a place outside the batch and for another width.
at::Tensor with_token_vectors(const at::Tensor& embedded, std::span<const TokenVectors> words);

}  // namespace sfumato
