#pragma once

#include <ATen/core/Tensor.h>

namespace sfumato::ops {

// A 3x3 convolution of a map that nearest-neighbour upsampling has doubled sees every value of the
// small map more than once. Four 2x2 convolutions of the small map, one for each parity of the
// result's rows and columns, do the same with 16 products for every 36: the taps that meet the same
// value are added beforehand. As one convolution with padding 1 they are
//   conv2d(upsample_nearest(x), weight, padding 1)
//     = join_phases(conv2d(x, phase_weights(weight), padding 1))

/// The weight of that convolution: [O, I, 3, 3] -> [4 O, I, 2, 2] of the same type, added in
/// float32; the phases (0, 0), (0, 1), (1, 0), (1, 1) one after another.
at::Tensor phase_weights(const at::Tensor& weight);

/// What it gives, [B, 4 O, H + 1, W + 1], interleaved: [B, O, 2 H, 2 W]. Both are channels last.
at::Tensor join_phases(const at::Tensor& phases);

}  // namespace sfumato::ops
