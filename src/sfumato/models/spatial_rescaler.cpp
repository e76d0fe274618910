#include "sfumato/models/spatial_rescaler.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

at::Tensor scaled(const at::Tensor& x, const std::string& how, double factor) {
  const auto size = [&](int64_t n) { return int64_t(std::floor(double(n) * factor)); };
  const std::array<int64_t, 2> to{size(x.size(2)), size(x.size(3))};
  if (to[0] < 1 || to[1] < 1) {
    throw Error(ErrorKind::InvalidArgument, "spatial rescaler: " + shape_string(x.sizes()) +
                                                " is too small to be scaled down again");
  }
  if (how == "nearest") return at::upsample_nearest2d(x, to, factor, factor);
  if (how == "bilinear") return at::upsample_bilinear2d(x, to, false, factor, factor);
  if (how == "bicubic") return at::upsample_bicubic2d(x, to, false, factor, factor);
  return at::adaptive_avg_pool2d(x, to);
}

}  // namespace

SpatialRescalerImpl::SpatialRescalerImpl(const SpatialRescalerConfig& config) : config_(config) {
  const auto& how = config.interpolation;
  if (how != "nearest" && how != "bilinear" && how != "bicubic" && how != "area") {
    throw Error(ErrorKind::InvalidArgument, "spatial rescaler: unknown interpolation '" + how + "'",
                "one of: nearest, bilinear, bicubic, area");
  }
  if (config.stages < 0 || config.multiplier <= 0.0) {
    throw Error(ErrorKind::InvalidArgument, "spatial rescaler: needs stages >= 0, multiplier > 0");
  }
  if (config.out_channels) {
    channel_mapper_ =
        register_module("channel_mapper", nn::Conv2d(config.in_channels, *config.out_channels, 1,
                                                     nn::Conv2dImpl::Options{.bias = config.bias}));
  }
}

at::Tensor SpatialRescalerImpl::forward(at::Tensor x) {
  expect_shape(x, {-1, config_.in_channels, -1, -1}, "spatial rescaler input");
  for (int64_t i = 0; i < config_.stages; ++i) {
    x = scaled(x, config_.interpolation, config_.multiplier);
  }
  return channel_mapper_ ? channel_mapper_(x) : x;
}

}  // namespace sfumato
