#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>

namespace sfumato {

/// A prompt that applies to a part of the picture.
struct Region {
  struct Area {
    std::int64_t y, x, height, width;  ///< latent units
  };
  /// [B, C, H, W], or the size of `area` when there is one. Everything is on one scale of
  /// predictions, whichever.
  at::Tensor prediction;
  double strength = 1.0;
  std::optional<Area> area = std::nullopt;
  std::optional<at::Tensor> mask = std::nullopt;  ///< broadcasts to [B, C, H, W], in [0, 1]
};

/// Guidance with regions: where they overlap, their predictions are averaged by strength and mask;
/// areas fade in over 8 latent pixels at borders within the picture. The guidance scale counts
/// times the sum of the strengths. Source: the web interface's handling of such prompts.
at::Tensor guide_regions(std::span<const Region> regions, const at::Tensor& uncond, double scale);

}  // namespace sfumato
