#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace sfumato::ops {

/// Whether bfloat16 is computed faster than float32 here, on the CPU.
bool has_fast_bfloat16();

struct Stride {
  std::int64_t step = 1, padding = 0;
};

/// How a layer's weight [out, in] or [out, in, k, k] meets its input where no gradients are wanted:
/// through oneDNN on the CPU, which wants weights in blocks of the machine's registers. What it
/// gives for a sample does not depend, to the last bit, on the samples beside it.
///
/// By default the weight is reordered for every call. A weight that is kept is reordered in the
/// first one and lives on in that form only: the tensor itself becomes as many NaN as it had values
/// and takes no memory, until unpack(). A weight whose memory another tensor shares, as the
/// replicas of a network in training do, stays as it is.
class PackedWeight {
 public:
  PackedWeight();
  ~PackedWeight();
  PackedWeight(PackedWeight&&) noexcept;
  PackedWeight& operator=(PackedWeight&&) noexcept;

  /// What is multiplied, and what is added in the same pass.
  struct Operands {
    const at::Tensor& x;
    const at::Tensor& weight;
    const at::Tensor& bias;      ///< [out] or undefined
    const at::Tensor& residual;  ///< of the result's shape, or undefined
  };

  /// x [..., in] times the transpose of weight [out, in]. Nothing where oneDNN cannot do it: with
  /// gradients, on another device, in other types than float32 and bfloat16.
  std::optional<at::Tensor> linear(const Operands& operands);
  /// x [B, in, H, W] -> [B, out, H', W'], channels last in memory. Nothing as for linear().
  std::optional<at::Tensor> convolution(const Operands& operands, const Stride& stride);

  /// Keeps the weight packed from the next call on.
  void keep();
  /// Does so now, for a convolution or else for linear().
  void pack(const at::Tensor& weight, const std::optional<Stride>& convolution);
  /// Packs a weight that is kept, if a convolution of x would. Whether it lives in that form only,
  /// so that its values cannot change before unpack().
  bool pack_for(const at::Tensor& x, const at::Tensor& weight, const Stride& convolution);
  /// A copy of its values as they were.
  at::Tensor plain(const at::Tensor& weight) const;
  /// Gives the weight its values back, bit for bit, and keeps it so.
  void unpack(const at::Tensor& weight);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sfumato::ops
