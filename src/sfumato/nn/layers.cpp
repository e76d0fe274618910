#include "sfumato/nn/layers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "sfumato/ops/group_norm_silu/group_norm_silu.h"
#include "sfumato/ops/layer_norm/layer_norm.h"
#include "sfumato/ops/upsampled_convolution/upsampled_convolution.h"
#include "sfumato/tensor/hollow.h"

namespace sfumato::nn {
namespace {

thread_local bool g_tiling = false;

// Places of a map from which on its convolution is long enough for weights of its own: they take
// four ninths of the products and sixteen ninths of the memory.
constexpr int64_t kWorthPhases = 1024;

// LibTorch's default for linear and convolution layers (He et al. 2015 with a = sqrt(5)).
double default_bound(int64_t fan_in) { return 1.0 / std::sqrt(static_cast<double>(fan_in)); }

// What a convolution is to see, and the zeros that it is to add around it.
std::pair<at::Tensor, int64_t> padded(const at::Tensor& x, int64_t padding) {
  if (!g_tiling || padding == 0) return {x, padding};
  return {at::pad(x, {padding, padding, padding, padding}, "circular"), 0};
}

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
  const auto [in, padding] = padded(x, padding_);
  const at::Tensor kernel = fetched();
  if (const auto y = packed_.convolution({in, kernel, bias, residual}, {stride_, padding})) {
    return *y;
  }
  forget_phases();
  packed_.unpack(weight);
  return plus(at::conv2d(in, kernel, bias, stride_, padding), residual);
}

at::Tensor upsample_nearest(const at::Tensor& x) {
  return at::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
}

at::Tensor Conv2dImpl::upsampled(const at::Tensor& x) {
  if (const auto y = upsampled_by_phases(x)) return *y;
  return forward(upsample_nearest(x));
}

std::optional<at::Tensor> Conv2dImpl::upsampled_by_phases(const at::Tensor& x) {
  if (at::GradMode::is_enabled() || !x.is_cpu()) return std::nullopt;
  if (x.size(2) * x.size(3) < kWorthPhases) return std::nullopt;
  const auto phases = is_streamed() ? phases_of(fetched()) : kept_phases(x);
  if (!phases) return std::nullopt;
  const auto [in, padding] = padded(x, 1);
  const auto y = phases->packed.convolution({in, phases->weight, phases->bias, {}}, {1, padding});
  return y ? std::optional(ops::join_phases(*y)) : std::nullopt;
}

std::shared_ptr<Conv2dImpl::Phases> Conv2dImpl::phases_of(const at::Tensor& plain_weight) const {
  auto phases = std::make_shared<Phases>();
  phases->weight = ops::phase_weights(plain_weight);
  if (bias.defined()) phases->bias = bias.detach().repeat({4});
  return phases;
}

// Of a weight that is packed, from the first call on, or a picture would depend on those before it.
std::shared_ptr<Conv2dImpl::Phases> Conv2dImpl::kept_phases(const at::Tensor& x) {
  if (!packed_.pack_for(x, weight, {stride_, padding_})) return nullptr;
  const std::lock_guard lock(phases_mutex_);
  if (!phases_) {
    phases_ = phases_of(packed_.plain(weight));
    phases_->packed.keep();
  }
  return phases_;
}

void Conv2dImpl::forget_phases() {
  const std::lock_guard lock(phases_mutex_);
  phases_.reset();
}

void Conv2dImpl::unpack() {
  forget_phases();
  ProductLayer::unpack();
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
