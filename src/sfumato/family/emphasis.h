#pragma once

#include <ATen/core/Tensor.h>

#include "sfumato/text/prompt_attention.h"

namespace sfumato {

/// Applies the weights of a prompt's words to what the text encoder made of them.
///   z            [B, T, D] encoded words
///   multipliers  [B, T]    weight of every word
///   repeats      [B]       how often each row counts in the mean that Original restores
///   return       [B, T, D]
/// Original restores one mean over all rows, as A1111 does, so its rows must belong to one prompt.
/// Source: Forge, backend/text_processing/emphasis.py.
at::Tensor emphasize(const at::Tensor& z, const at::Tensor& multipliers, const at::Tensor& repeats,
                     Emphasis emphasis);

}  // namespace sfumato
