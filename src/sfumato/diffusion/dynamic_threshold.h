#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// Dynamic thresholding (Imagen, Saharia et al. 2022, sec. 2.3): clips every image to the given
/// quantile of its magnitudes, between 1 and `largest`, and scales it back to [-1, 1].
///   x0  [B, ...]  estimate of the clean image
at::Tensor dynamic_threshold(const at::Tensor& x0, double quantile, double largest);

/// Limits the root mean square of every image to `limit`.  x0 [B, ...]
at::Tensor norm_threshold(const at::Tensor& x0, double limit);

/// The same for every pixel over its channels.  x0 [B, C, H, W]
at::Tensor spatial_norm_threshold(const at::Tensor& x0, double limit);

}  // namespace sfumato
