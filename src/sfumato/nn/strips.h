#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace sfumato::nn {

// For pictures whose feature maps do not fit into the device's memory several times over: layers
// that see few rows at a time run on strips of a map. What they compute is what they compute on the
// whole map, up to rounding.

/// While one lives, the autoencoders' layers of its thread run strip by strip: whole feature maps
/// lie in the CPU's memory, strips of about so many values on the device of the weights.
class StripGuard {
 public:
  StripGuard(std::int64_t strip_values, at::Device device);
  ~StripGuard();
  StripGuard(const StripGuard&) = delete;
  StripGuard& operator=(const StripGuard&) = delete;

 private:
  std::int64_t values_before_;
  at::Device device_before_;
};

bool in_strips();

/// x where layers without strips want it: on the guard's device, or as it is without a guard.
at::Tensor for_whole_layer(const at::Tensor& x);

/// How the rows of a layer's result come from those of its input.
struct StripRows {
  std::int64_t halo;              ///< rows that a row needs on either side of its own
  std::int64_t up = 1, down = 1;  ///< rows of the result per rows of the input
  bool wraps = true;  ///< under a TilingGuard, rows beyond one edge are those at the other
};

using StripLayer = std::function<at::Tensor(const at::Tensor&)>;

/// layer(x) for x [B, C, H, W], strip by strip.
at::Tensor run_in_strips(const at::Tensor& x, const StripRows& rows, const StripLayer& layer);

/// Calls `see` with one strip of layer(x) after another, instead of keeping them.
void see_strips(const at::Tensor& x, const StripRows& rows, const StripLayer& layer,
                const std::function<void(const at::Tensor&)>& see);

/// The sums that a group norm over a whole map needs, gathered strip by strip.
struct GroupMoments {
  at::Tensor values, squares;  ///< [B, groups] float64
  double count = 0.0;          ///< values per group

  void add(const at::Tensor& strip, std::int64_t groups);
};

/// (x - mean) / sqrt(variance + eps) * weight + bias with the moments' mean and variance.
at::Tensor norm_with(const GroupMoments& moments, const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias, double eps);

}  // namespace sfumato::nn
