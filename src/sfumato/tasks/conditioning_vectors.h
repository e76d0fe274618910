#pragma once

#include <ATen/core/Tensor.h>

#include "sfumato/tasks/batch.h"

namespace sfumato {

/// Gives what every picture of a batch is conditioned on its vector [1 or B, A], and what it is to
/// keep away from `negative` [1 or B, A].
void give_vectors(BatchPrompts& prompts, const at::Tensor& vectors, const at::Tensor& negative);

/// Noise that the pictures of a batch draw before their first latents, one row each, [B, ...]:
/// with `drawn_before` set in `pictures`, their latents' noise continues the same streams.
///   shape  of one picture's
at::Tensor noise_before(std::vector<ImageNoiseOptions>& pictures, at::IntArrayRef shape);

}  // namespace sfumato
