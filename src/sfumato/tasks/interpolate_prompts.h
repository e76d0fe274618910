#pragma once

#include <ATen/core/Tensor.h>

#include "sfumato/diffusion/prompt_guidance.h"

namespace sfumato {

// Between what two pictures are painted from; `first` itself at amount 0, `second` at 1, and linear
// in all vectors between. The shorter context is filled up with `filler` [1, T, D], that of a chunk
// without words.

/// A conditioning that changes at a step in either changes there in the mixture.
ScheduledConditioning between(const ScheduledConditioning& first,
                              const ScheduledConditioning& second, double amount,
                              const at::Tensor& filler);
/// The i-th parts that AND joins are mixed with each other, their weights too; a part without
/// counterpart comes or goes by its weight.
PromptConditioning between(const PromptConditioning& first, const PromptConditioning& second,
                           double amount, const at::Tensor& filler);

}  // namespace sfumato
