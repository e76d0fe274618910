#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "sfumato/image/image.h"

namespace sfumato {

/// Pictures of one size -> float32 [B, 3, H, W] in [-1, 1].
at::Tensor to_tensor(std::span<const Image> images);

/// [B, 3, H, W] in [-1, 1] -> pictures, clamped; rounds to nearest (the original scripts truncate).
std::vector<Image> to_images(const at::Tensor& pixels);

}  // namespace sfumato
