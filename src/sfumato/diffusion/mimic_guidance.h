#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato {

/// How a guidance scale changes during a run, between its full value and `least`.
enum class ScaleMode {
  Constant,
  LinearDown,
  CosineDown,
  HalfCosineDown,
  LinearUp,
  CosineUp,
  HalfCosineUp,
  PowerUp,
  PowerDown,
  LinearRepeating,
  CosineRepeating,
  Sawtooth
};
/// progress in [0, 1]; `shape` is the power, or the number of repetitions.
double scheduled_scale(double scale, double least, ScaleMode mode, double shape, double progress);

/// Dynamic thresholding of guidance ("mimic scale"): the strongly guided prediction is brought to
/// the spread that a weaker guidance would have. Source: the extension of that name for the web
/// interface and ComfyUI. Everything is computed per image.
struct MimicOptions {
  double percentile = 1.0;  ///< of the magnitudes; the rest is clamped
  bool per_channel = true;
  bool from_zero = false;     ///< scale about 0 instead of about the mean
  bool by_deviation = false;  ///< match standard deviations instead of magnitudes
  double share = 1.0;         ///< the rest is plain guidance
};
///   cond, uncond  [B, C, H, W]
at::Tensor guide_mimicking(const at::Tensor& cond, const at::Tensor& uncond, double scale,
                           double mimic_scale, const MimicOptions& options);

}  // namespace sfumato
