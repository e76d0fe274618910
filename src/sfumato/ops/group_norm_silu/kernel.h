#pragma once

#include <cstdint>

namespace sfumato::ops::group_norm_kernel {

/// One call of the vectorised CPU kernels, over dense tensors. Work is cut into tasks: a few groups
/// of one sample each, so that a result depends neither on the batch nor on the threads.
struct Problem {
  std::int64_t batch, channels, groups, area;  ///< area: H * W
  bool channels_last;  ///< memory order [B, H, W, C] instead of [B, C, H, W]
  bool bfloat16;       ///< x, y and their gradients; otherwise float32
  bool silu;           ///< activate after the norm
  double eps;
  const void* x;               ///< [B, C, H, W]
  const float *weight, *bias;  ///< [C]
  float *mean, *rstd;          ///< [B, groups]; written by forward, read by backward

  std::int64_t channels_per_group() const { return channels / groups; }
  std::int64_t groups_per_task() const;
  std::int64_t tasks() const;
};

/// Tasks [first, last) of y = silu((x - mean) * rstd * weight + bias).
///   y  [B, C, H, W] like x
void forward(const Problem& problem, void* y, std::int64_t first, std::int64_t last);

struct Gradients {
  const void* y;         ///< [B, C, H, W] like x, the one input
  void* x;               ///< [B, C, H, W] like x
  float *weight, *bias;  ///< [B, C], still to be summed over the batch
};

/// Tasks [first, last) of the gradients. The pre-activation is computed again from x.
void backward(const Problem& problem, const Gradients& gradients, std::int64_t first,
              std::int64_t last);

}  // namespace sfumato::ops::group_norm_kernel
