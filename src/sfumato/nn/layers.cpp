#include "sfumato/nn/layers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/ops/group_norm_silu/group_norm_silu.h"
#include "sfumato/ops/layer_norm/layer_norm.h"
#include "sfumato/tensor/hollow.h"

namespace sfumato::nn {
namespace {

thread_local bool g_tiling = false;

// LibTorch's default for linear and convolution layers (He et al. 2015 with a = sqrt(5)).
double default_bound(int64_t fan_in) { return 1.0 / std::sqrt(static_cast<double>(fan_in)); }

at::Tensor plus(const at::Tensor& y, const at::Tensor& residual) {
  return residual.defined() ? y + residual : y;
}

template <class Use>
void each_product_layer(torch::nn::Module& module, const Use& use) {
  for (const auto& part : module.modules()) {
    if (auto* layer = dynamic_cast<ProductLayer*>(part.get())) use(*layer);
  }
}

}  // namespace

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", uniform_parameter({out, in}, default_bound(in)));
  if (with_bias) bias = register_parameter("bias", uniform_parameter({out}, default_bound(in)));
}

at::Tensor apply_linear(ops::PackedWeight& packed, const at::Tensor& x, const at::Tensor& weight,
                        const at::Tensor& bias, const at::Tensor& residual) {
  if (const auto y = packed.linear({x, weight, bias, residual})) return *y;
  packed.unpack(weight);
  return plus(at::linear(x, weight.dim() == 2 ? weight : weight.squeeze(-1), bias), residual);
}

void ProductLayer::keep_packed() {
  if (!source_) packed_.keep();
}

void ProductLayer::stream(std::function<at::Tensor()> source) {
  source_ = std::move(source);
  weight.set_data(hollow(weight.sizes(), weight.options()));
}

void ProductLayer::unpack() {
  if (const auto source = std::exchange(source_, nullptr)) weight.set_data(source());
  packed_.unpack(weight);
}

void keep_packed(torch::nn::Module& module) {
  each_product_layer(module, [](ProductLayer& layer) { layer.keep_packed(); });
}

void unpack(torch::nn::Module& module) {
  each_product_layer(module, [](ProductLayer& layer) { layer.unpack(); });
}

at::Tensor LinearImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  return apply_linear(packed_, x, fetched(), bias, residual);
}

Conv2dImpl::Conv2dImpl(int64_t in, int64_t out, int64_t kernel, Options options)
    : stride_(options.stride), padding_(options.padding < 0 ? kernel / 2 : options.padding) {
  const double bound = default_bound(in * kernel * kernel);
  weight = register_parameter("weight", uniform_parameter({out, in, kernel, kernel}, bound));
  if (options.bias) bias = register_parameter("bias", uniform_parameter({out}, bound));
}

TilingGuard::TilingGuard(bool tiling) : before_(std::exchange(g_tiling, tiling)) {}
TilingGuard::~TilingGuard() { g_tiling = before_; }
bool TilingGuard::active() { return g_tiling; }

at::Tensor Conv2dImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  const bool wraps = g_tiling && padding_ > 0;
  const at::Tensor in =
      wraps ? at::pad(x, {padding_, padding_, padding_, padding_}, "circular") : x;
  const int64_t padding = wraps ? 0 : padding_;
  const at::Tensor kernel = fetched();
  if (const auto y = packed_.convolution({in, kernel, bias, residual}, {stride_, padding})) {
    return *y;
  }
  packed_.unpack(weight);
  return plus(at::conv2d(in, kernel, bias, stride_, padding), residual);
}

PointwiseConv1dImpl::PointwiseConv1dImpl(int64_t in, int64_t out) {
  weight = register_parameter("weight", uniform_parameter({out, in, 1}, default_bound(in)));
  bias = register_parameter("bias", uniform_parameter({out}, default_bound(in)));
}

at::Tensor PointwiseConv1dImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  return apply_linear(packed_, x, fetched(), bias, residual);
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
