#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// Throws InvalidArgument unless ids is an integer [B, T] with 1 <= T <= positions and every id is
/// inside the vocabulary; the ids themselves are looked at on the CPU only (on a GPU it would cost
/// a synchronisation).
void expect_token_ids(const at::Tensor& ids, int64_t positions, int64_t vocabulary,
                      const char* model);

/// hidden [B, T, D] -> [B, D]: each row at the first position of its highest id, which is EOS in
/// CLIP's vocabularies.
at::Tensor at_highest_id(const at::Tensor& hidden, const at::Tensor& ids);

}  // namespace sfumato
