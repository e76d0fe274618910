#include "sfumato/tensor/random/variation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

// The largest centred window that both sizes have: where it starts in each, and its length.
struct Overlap {
  std::int64_t from, to, length;
};
Overlap centred(std::int64_t from, std::int64_t to) {
  // Halves of odd differences round towards minus infinity on the way in.
  const std::int64_t difference = to - from;
  const std::int64_t half = difference >= 0 ? difference / 2 : -((-difference + 1) / 2);
  return {.from = std::max<std::int64_t>(-half, 0),
          .to = std::max<std::int64_t>(half, 0),
          .length = half >= 0 ? from : from + 2 * half};
}

}  // namespace

at::Tensor slerp(double amount, const at::Tensor& low, const at::Tensor& high) {
  if (low.sizes() != high.sizes() || low.dim() < 2) {
    throw Error(ErrorKind::InvalidArgument, "slerp: shapes " + shape_string(low.sizes()) + " and " +
                                                shape_string(high.sizes()) + " do not fit");
  }
  const at::Tensor low_unit = low / low.norm(2, {1}, true);
  const at::Tensor high_unit = high / high.norm(2, {1}, true);
  const at::Tensor cosine = (low_unit * high_unit).sum({1}, true);
  if (cosine.mean().item<double>() > 0.9995) return low * amount + high * (1.0 - amount);
  const at::Tensor angle = cosine.acos();
  const at::Tensor sine = angle.sin();
  return ((1.0 - amount) * angle).sin() / sine * low + (amount * angle).sin() / sine * high;
}

ImageNoise::ImageNoise(ImageNoiseOptions options, at::IntArrayRef shape)
    : options_(std::move(options)),
      shape_(shape.vec()),
      stream_(make_noise_source(options_.source, options_.seed)) {
  if (shape_.size() != 3) {
    throw Error(ErrorKind::InvalidArgument,
                "image noise: expected a shape [C, H, W], got " + shape_string(shape));
  }
  const auto& from = options_.resize_from;
  if (from && (from->first < 1 || from->second < 1)) {
    throw Error(ErrorKind::InvalidArgument, "image noise: the size to keep must be positive");
  }
  if (!options_.drawn_before.empty()) stream_(options_.drawn_before);
}

at::Tensor ImageNoise::first() {
  auto shape = shape_;
  if (options_.resize_from) {
    shape[1] = options_.resize_from->first;
    shape[2] = options_.resize_from->second;
  }
  const bool resized = shape != shape_;
  at::Tensor noise =
      resized ? make_noise_source(options_.source, options_.seed)(shape) : stream_(shape);
  if (options_.variation_seed && options_.variation_strength != 0.0) {
    const auto other = make_noise_source(options_.source, *options_.variation_seed)(shape);
    noise = slerp(options_.variation_strength, noise, other);
  }
  if (!resized) return noise;

  const Overlap rows = centred(shape[1], shape_[1]), columns = centred(shape[2], shape_[2]);
  const at::Tensor whole = stream_(shape_);
  whole.narrow(1, rows.to, rows.length)
      .narrow(2, columns.to, columns.length)
      .copy_(noise.narrow(1, rows.from, rows.length).narrow(2, columns.from, columns.length));
  return whole;
}

at::Tensor ImageNoise::next() {
  if (std::exchange(started_, true)) return stream_(shape_);
  at::Tensor noise = first();
  if (options_.seed_delta != 0) {
    stream_ = make_noise_source(options_.source, options_.seed + options_.seed_delta);
  }
  return noise;
}

}  // namespace sfumato
