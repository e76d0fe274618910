#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// Peak signal-to-noise ratio in dB of each picture: 10 log10(range² / mean squared error).
///   got, want  [B, ...];  range: largest minus smallest possible value (2 for [-1, 1])
///   return     [B] float64; infinite for equal pictures
at::Tensor psnr(const at::Tensor& got, const at::Tensor& want, double range);

}  // namespace sfumato
