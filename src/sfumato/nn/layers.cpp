#include "sfumato/nn/layers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/ops/group_norm_silu/group_norm_silu.h"
#include "sfumato/ops/layer_norm/layer_norm.h"

namespace sfumato::nn {
namespace {

thread_local bool g_tiling = false;

// LibTorch's default for linear and convolution layers (He et al. 2015 with a = sqrt(5)).
double default_bound(int64_t fan_in) { return 1.0 / std::sqrt(static_cast<double>(fan_in)); }

// Sampling on the CPU: what a picture gets must not depend on its neighbours, down to the last bit.
// The last rows of a matrix product may be summed in another order than the others, and 1x1
// convolutions in one that depends on the batch.
bool goes_by_samples(const at::Tensor& x) {
  return !at::GradMode::is_enabled() && x.is_cpu() && x.dim() >= 2;
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    int64_t stride, int64_t padding) {
  if (goes_by_samples(x) && weight.size(-1) == 1 && x.size(0) > 1) {
    std::vector<at::Tensor> samples;
    for (int64_t i = 0; i < x.size(0); ++i) {
      samples.push_back(convolve(x.narrow(0, i, 1), weight, bias, stride, padding));
    }
    return at::cat(samples, 0);
  }
  // LibTorch would take another algorithm than oneDNN's for a small picture alone.
  const bool by_onednn = !at::GradMode::is_enabled() && x.is_cpu() && at::hasMKLDNN() &&
                         x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat;
  if (!by_onednn) return at::conv2d(x, weight, bias, stride, padding);
  const auto order = x.suggest_memory_format();
  const std::vector<int64_t> pad{padding, padding}, step{stride, stride}, dilation{1, 1};
  return at::mkldnn_convolution(x.contiguous(order), weight.contiguous(order), bias, pad, step,
                                dilation, /*groups=*/1);
}

}  // namespace

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", uniform_parameter({out, in}, default_bound(in)));
  if (with_bias) bias = register_parameter("bias", uniform_parameter({out}, default_bound(in)));
}

at::Tensor apply_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!goes_by_samples(x)) return at::linear(x, weight, bias);
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  const at::Tensor y = at::empty(shape, x.options());
  for (int64_t i = 0; i < x.size(0); ++i) {
    y[i].copy_(at::linear(x[i].reshape({-1, x.size(-1)}), weight, bias).view_as(y[i]));
  }
  return y;
}

at::Tensor LinearImpl::forward(const at::Tensor& x) { return apply_linear(x, weight, bias); }

Conv2dImpl::Conv2dImpl(int64_t in, int64_t out, int64_t kernel, Options options)
    : stride_(options.stride), padding_(options.padding < 0 ? kernel / 2 : options.padding) {
  const double bound = default_bound(in * kernel * kernel);
  weight = register_parameter("weight", uniform_parameter({out, in, kernel, kernel}, bound));
  if (options.bias) bias = register_parameter("bias", uniform_parameter({out}, bound));
}

TilingGuard::TilingGuard(bool tiling) : before_(std::exchange(g_tiling, tiling)) {}
TilingGuard::~TilingGuard() { g_tiling = before_; }
bool TilingGuard::active() { return g_tiling; }

at::Tensor Conv2dImpl::forward(const at::Tensor& x) {
  if (g_tiling && padding_ > 0) {
    const at::Tensor wrapped = at::pad(x, {padding_, padding_, padding_, padding_}, "circular");
    return convolve(wrapped, weight, bias, stride_, 0);
  }
  return convolve(x, weight, bias, stride_, padding_);
}

PointwiseConv1dImpl::PointwiseConv1dImpl(int64_t in, int64_t out) {
  weight = register_parameter("weight", uniform_parameter({out, in, 1}, default_bound(in)));
  bias = register_parameter("bias", uniform_parameter({out}, default_bound(in)));
}

at::Tensor PointwiseConv1dImpl::forward(const at::Tensor& x) {
  return apply_linear(x, weight.squeeze(-1), bias);
}

GroupNormImpl::GroupNormImpl(int64_t groups, int64_t channels, double eps)
    : groups_(groups), eps_(eps) {
  weight = register_parameter("weight", constant_parameter({channels}, 1.0));
  bias = register_parameter("bias", constant_parameter({channels}, 0.0));
}

at::Tensor GroupNormImpl::forward(const at::Tensor& x) {
  return ops::group_norm(x, groups_, weight, bias, eps_);
}

at::Tensor GroupNormImpl::silu(const at::Tensor& x) {
  return ops::group_norm_silu(x, groups_, weight, bias, eps_);
}

at::Tensor GroupNormImpl::silu(const at::Tensor& strip, const GroupMoments& moments) {
  return at::silu(norm_with(moments, strip, weight, bias, eps_));
}

void GroupNormImpl::add_to(GroupMoments& moments, const at::Tensor& strip) const {
  moments.add(strip, groups_);
}

LayerNormImpl::LayerNormImpl(int64_t width, double eps) : eps_(eps) {
  weight = register_parameter("weight", constant_parameter({width}, 1.0));
  bias = register_parameter("bias", constant_parameter({width}, 0.0));
}

at::Tensor LayerNormImpl::forward(const at::Tensor& x) {
  return ops::layer_norm(x, weight, bias, eps_);
}

EmbeddingImpl::EmbeddingImpl(int64_t count, int64_t width, double std) {
  weight = register_parameter("weight", normal_parameter({count, width}, std));
}

at::Tensor EmbeddingImpl::forward(const at::Tensor& ids) { return at::embedding(weight, ids); }

}  // namespace sfumato::nn
