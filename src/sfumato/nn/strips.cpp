#include "sfumato/nn/strips.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sfumato/nn/layers.h"
#include "sfumato/tensor/hollow.h"

namespace sfumato::nn {
namespace {

constexpr std::int64_t kFewestRows = 16;  // fewer are mostly halo

thread_local std::int64_t g_strip_values = 0;  // 0: no guard
thread_local at::Device g_strip_device = at::kCPU;

struct Strip {
  at::Tensor x;              // with its halo, on the device
  std::int64_t begin, size;  // in rows of the whole input
  std::int64_t above;        // rows of the halo before its own
};

std::int64_t rows_of_strip(const at::Tensor& x) {
  const std::int64_t row =
      std::max<std::int64_t>(x.numel() / std::max<std::int64_t>(x.size(2), 1), 1);
  const std::int64_t rows = std::max(g_strip_values / row, kFewestRows);
  return rows - rows % 2;  // layers that halve the size want pairs
}

// Rows [begin, end) of x, which may lie beyond its edges: those at the other edge.
at::Tensor wrapped_rows(const at::Tensor& x, std::int64_t begin, std::int64_t end) {
  const std::int64_t height = x.size(2);
  std::vector<at::Tensor> parts;
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t row = (at % height + height) % height;
    const std::int64_t count = std::min(end - at, height - row);
    parts.push_back(x.narrow(2, row, count));
    at += count;
  }
  return at::cat(parts, 2);
}

Strip cut_strip(const at::Tensor& x, std::int64_t begin, std::int64_t size, const StripRows& rows) {
  const std::int64_t end = begin + size;
  if (rows.wraps && TilingGuard::active()) {
    const at::Tensor strip = wrapped_rows(x, begin - rows.halo, end + rows.halo);
    return {strip.to(g_strip_device), begin, size, rows.halo};
  }
  const std::int64_t from = std::max<std::int64_t>(begin - rows.halo, 0);
  const std::int64_t to = std::min(end + rows.halo, x.size(2));
  return {x.narrow(2, from, to - from).contiguous().to(g_strip_device), begin, size, begin - from};
}

// A whole map in pages of its own: heaps keep what they are given back, and the sizes of maps
// differ too much to be used again.
at::Tensor paged_map(const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
  auto bytes = static_cast<std::size_t>(c10::elementSize(dtype));
  for (const auto side : shape) bytes *= static_cast<std::size_t>(side);
  return paged_bytes(bytes).view(dtype).view(shape);
}

template <class Use>
void each_strip(const at::Tensor& x, const StripRows& rows, const StripLayer& layer,
                const Use& use) {
  const std::int64_t height = x.size(2), step = std::min(rows_of_strip(x), height);
  for (std::int64_t begin = 0; begin < height; begin += step) {
    const Strip strip = cut_strip(x, begin, std::min(step, height - begin), rows);
    const at::Tensor y = layer(strip.x);
    use(y.narrow(2, strip.above * rows.up / rows.down, strip.size * rows.up / rows.down), begin);
  }
}

}  // namespace

StripGuard::StripGuard(std::int64_t strip_values, at::Device device)
    : values_before_(std::exchange(g_strip_values, std::max<std::int64_t>(strip_values, 1))),
      device_before_(std::exchange(g_strip_device, device)) {}

StripGuard::~StripGuard() {
  g_strip_values = values_before_;
  g_strip_device = device_before_;
}

bool in_strips() { return g_strip_values > 0; }

at::Tensor for_whole_layer(const at::Tensor& x) { return in_strips() ? x.to(g_strip_device) : x; }

at::Tensor run_in_strips(const at::Tensor& x, const StripRows& rows, const StripLayer& layer) {
  at::Tensor result;
  each_strip(x, rows, layer, [&](const at::Tensor& strip, std::int64_t begin) {
    if (!result.defined()) {
      const std::int64_t height = x.size(2) * rows.up / rows.down;
      result =
          paged_map({strip.size(0), strip.size(1), height, strip.size(3)}, strip.scalar_type());
    }
    result.narrow(2, begin * rows.up / rows.down, strip.size(2)).copy_(strip);
  });
  return result;
}

void see_strips(const at::Tensor& x, const StripRows& rows, const StripLayer& layer,
                const std::function<void(const at::Tensor&)>& see) {
  each_strip(x, rows, layer, [&](const at::Tensor& strip, std::int64_t) { see(strip); });
}

void GroupMoments::add(const at::Tensor& strip, std::int64_t groups) {
  const at::Tensor grouped = strip.unflatten(1, {groups, -1}).to(at::kFloat);  // [B, G, c, h, W]
  const auto [variance, mean] = at::var_mean(grouped, at::IntArrayRef{2, 3, 4},
                                             /*unbiased=*/false, /*keepdim=*/false);
  const auto own = static_cast<double>(grouped[0][0].numel());
  const at::Tensor centre = mean.to(at::kDouble);
  const at::Tensor sum = centre * own;
  const at::Tensor square_sum = (variance.to(at::kDouble) + centre.square()) * own;
  values = values.defined() ? values + sum : sum;
  squares = squares.defined() ? squares + square_sum : square_sum;
  count += own;
}

at::Tensor norm_with(const GroupMoments& moments, const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias, double eps) {
  const std::int64_t width = x.size(1) / moments.values.size(1);
  const at::Tensor mean = moments.values / moments.count;
  const at::Tensor variance = (moments.squares / moments.count - mean.square()).clamp_min(0.0);
  const auto per_channel = [&](const at::Tensor& values) {  // [B, G] -> [B, C, 1, 1]
    return values.repeat_interleave(width, 1).to(at::kFloat).unsqueeze(-1).unsqueeze(-1);
  };
  const at::Tensor factor =
      per_channel((variance + eps).rsqrt()) * weight.to(at::kFloat).view({1, -1, 1, 1});
  const at::Tensor summand = bias.to(at::kFloat).view({1, -1, 1, 1}) - per_channel(mean) * factor;
  return x.to(at::kFloat).mul(factor).add_(summand).to(x.scalar_type());
}

}  // namespace sfumato::nn
