#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "sfumato/nn/init.h"
#include "sfumato/nn/strips.h"
#include "sfumato/ops/packed/packed_weight.h"

namespace sfumato::nn {

// The elementary layers under everything else. They differ from LibTorch's in two ways: parameters
// obey the InitGuard in force (a 10 GB model can be described without memory), and norms compute
// in float32 whatever the input, returning the input's dtype.

/// x [..., in] times the transpose of weight [out, in], plus bias [out] and residual [..., out]
/// where they are defined. `packed` is the weight's own, from call to call.
at::Tensor apply_linear(ops::PackedWeight& packed, const at::Tensor& x, const at::Tensor& weight,
                        const at::Tensor& bias, const at::Tensor& residual = {});

/// A layer that multiplies by a weight.
class ProductLayer : public torch::nn::Module {
 public:
  at::Tensor weight, bias;

  /// From the next forward() without gradients on, keeps the weight in the layout of the machine.
  void keep_packed();
  /// Does so at once.
  virtual void pack() = 0;
  /// Keeps the weight in no memory: `source` gives its values, of its type and device, for every
  /// forward().
  void stream(std::function<at::Tensor()> source);
  /// Gives `weight` its values back, until the next keep_packed().
  virtual void unpack();

 protected:
  /// The weight, fetched if it is streamed.
  at::Tensor fetched() const { return source_ ? source_() : weight; }
  bool is_streamed() const { return source_ != nullptr; }

  ops::PackedWeight packed_;

 private:
  std::function<at::Tensor()> source_;
};

/// The same for every layer below a module: for networks that run many times with the same weights,
/// and before anyone reads or writes their weights.
void keep_packed(torch::nn::Module& module);
void unpack(torch::nn::Module& module);

/// y = x Wᵀ + b;  x [..., in] -> [..., out]. Parameters weight [out, in], bias [out]. A residual of
/// the result's shape is added in the same pass; so it is by the layers below.
class LinearImpl : public ProductLayer {
 public:
  LinearImpl(int64_t in, int64_t out, bool with_bias = true);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});
  void pack() override { packed_.pack(weight, std::nullopt); }
};
TORCH_MODULE(Linear);

/// While one lives, the convolutions of its thread see their input continue at the opposite edge
/// (circular padding) instead of zeros: what a network paints then tiles.
class TilingGuard {
 public:
  explicit TilingGuard(bool tiling);
  ~TilingGuard();
  TilingGuard(const TilingGuard&) = delete;
  TilingGuard& operator=(const TilingGuard&) = delete;
  static bool active();  ///< whether one that says so lives

 private:
  bool before_;
};

/// Nearest-neighbour upsampling by 2, [B, C, H, W] -> [B, C, 2H, 2W].
at::Tensor upsample_nearest(const at::Tensor& x);

/// Square convolution; padding keeps the size at stride 1 unless given.
/// x [B, in, H, W] -> [B, out, H', W']. Parameters weight [out, in, k, k], bias [out].
class Conv2dImpl : public ProductLayer {
 public:
  struct Options {
    int64_t stride = 1;
    int64_t padding = -1;  ///< -1: kernel / 2
    bool bias = true;
  };
  Conv2dImpl(int64_t in, int64_t out, int64_t kernel, Options options);
  Conv2dImpl(int64_t in, int64_t out, int64_t kernel) : Conv2dImpl(in, out, kernel, Options{}) {}
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});
  /// forward() of the map doubled by upsample_nearest(), [B, in, H, W] -> [B, out, 2 H, 2 W]: with
  /// packed weights on large maps by ops/upsampled_convolution, with fewer products. For layers
  /// with a 3x3 kernel and a stride of 1.
  at::Tensor upsampled(const at::Tensor& x);
  void pack() override { packed_.pack(weight, ops::Stride{stride_, padding_}); }
  void unpack() override;

 private:
  /// The four convolutions that upsampled() does as one.
  struct Phases {
    at::Tensor weight, bias;
    ops::PackedWeight packed;
  };
  std::optional<at::Tensor> upsampled_by_phases(const at::Tensor& x);
  std::shared_ptr<Phases> phases_of(const at::Tensor& plain_weight) const;
  std::shared_ptr<Phases> kept_phases(const at::Tensor& x);
  void forget_phases();

  int64_t stride_, padding_;
  std::mutex phases_mutex_;
  std::shared_ptr<Phases> phases_;  // of a packed weight, until it is plain again
};
TORCH_MODULE(Conv2d);

/// A convolution over tokens with kernel 1: x [B, T, in] -> [B, T, out]. Parameter weight
/// [out, in, 1] as the checkpoints of AttentionBlock store it, bias [out].
class PointwiseConv1dImpl : public ProductLayer {
 public:
  PointwiseConv1dImpl(int64_t in, int64_t out);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});
  void pack() override { packed_.pack(weight, std::nullopt); }
};
TORCH_MODULE(PointwiseConv1d);

/// Wu & He 2018. x [B, C, ...]; parameters weight [C], bias [C].
class GroupNormImpl : public torch::nn::Module {
 public:
  GroupNormImpl(int64_t groups, int64_t channels, double eps);
  at::Tensor forward(const at::Tensor& x);
  /// forward() followed by SiLU, in one op.
  at::Tensor silu(const at::Tensor& x);
  /// The same for a strip of a map whose moments are known.
  at::Tensor silu(const at::Tensor& strip, const GroupMoments& moments);
  void add_to(GroupMoments& moments, const at::Tensor& strip) const;
  at::Tensor weight, bias;

 private:
  int64_t groups_;
  double eps_;
};
TORCH_MODULE(GroupNorm);

/// Ba et al. 2016, over the last dimension. Parameters weight [width], bias [width].
class LayerNormImpl : public torch::nn::Module {
 public:
  explicit LayerNormImpl(int64_t width, double eps = 1e-5);
  at::Tensor forward(const at::Tensor& x);
  at::Tensor weight, bias;

 private:
  double eps_;
};
TORCH_MODULE(LayerNorm);

/// ids [...] int64 -> [..., width]. Parameter weight [count, width].
class EmbeddingImpl : public torch::nn::Module {
 public:
  EmbeddingImpl(int64_t count, int64_t width, double std = 1.0);
  at::Tensor forward(const at::Tensor& ids);
  at::Tensor weight;
};
TORCH_MODULE(Embedding);

/// Zeroes weight and bias: a block that ends so starts as the identity (`zero_module` of the
/// original). No effect on parameters that a checkpoint will fill.
template <class Layer>
Layer zeroed(Layer layer) {
  for (auto& parameter : layer->parameters()) {
    refill_constant(parameter, 0.0);
  }
  return layer;
}

}  // namespace sfumato::nn
