#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

namespace sfumato {

/// Guidance for the frames of a video, each with a scale of its own.
///   cond, uncond  [B * F, ...]  frames are the inner index; F == scales.size()
at::Tensor guide_frames(const at::Tensor& cond, const at::Tensor& uncond,
                        std::span<const double> scales);

/// Scales of `frames` frames between 1 and `largest`. Source: generative-models' guiders.
/// Rising evenly from the first frame to the last.
std::vector<double> linear_frame_scales(int frames, double largest);
/// The mean of triangle waves with the given periods, in units of the whole.
std::vector<double> triangle_frame_scales(int frames, double largest,
                                          std::span<const double> periods);
/// Rising over the share `edge` of the frames, 1 in the middle, falling at the end: as the original
/// computes it, whose middle was meant to be `largest`.
std::vector<double> trapezoid_frame_scales(int frames, double largest, double edge);

}  // namespace sfumato
