#include "sfumato/ops/upsampled_convolution/upsampled_convolution.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <cstring>
#include <vector>

#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {

namespace {

// Three taps along an axis -> two for each parity: at even places the first tap meets the value
// before and the others the own one, at odd places the last meets the one after.
struct Taps {
  at::Tensor even, odd;
};

Taps joined_taps(const at::Tensor& weight, std::int64_t axis) {
  const auto tap = [&](std::int64_t i) { return weight.narrow(axis, i, 1); };
  return {at::cat({tap(0), tap(1) + tap(2)}, axis), at::cat({tap(0) + tap(1), tap(2)}, axis)};
}

}  // namespace

at::Tensor phase_weights(const at::Tensor& weight) {
  std::vector<at::Tensor> phases;
  const Taps rows = joined_taps(weight.detach().to(at::kFloat), 2);
  for (const at::Tensor& row : {rows.even, rows.odd}) {
    const Taps columns = joined_taps(row, 3);
    phases.insert(phases.end(), {columns.even, columns.odd});
  }
  return at::cat(phases, 0).to(weight.scalar_type());
}

at::Tensor join_phases(const at::Tensor& phases) {
  const at::Tensor in = phases.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t batch = in.size(0), channels = in.size(1) / 4;
  const std::int64_t height = in.size(2) - 1, width = in.size(3) - 1;
  const at::Tensor out = at::empty({batch, channels, 2 * height, 2 * width}, in.options(),
                                   at::MemoryFormat::ChannelsLast);
  RECORD_FUNCTION("sfumato::join_phases", std::vector<c10::IValue>({in, out}));
  const auto run = static_cast<std::size_t>(channels) * in.element_size();  // bytes of one place
  const auto* from = static_cast<const char*>(in.data_ptr());
  auto* to = static_cast<char*>(out.data_ptr());
  const std::int64_t rows = batch * 2 * height;
  parallel_for(0, rows, /*grain=*/8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t row = first; row < last; ++row) {
      const std::int64_t sample = row / (2 * height), y = row % (2 * height), odd = y % 2;
      const std::int64_t line = (sample * (height + 1) + y / 2 + odd) * (width + 1);
      char* place = to + static_cast<std::size_t>(row * 2 * width) * run;
      for (std::int64_t x = 0; x < 2 * width; ++x, place += run) {
        const std::int64_t cell = 4 * (line + x / 2 + x % 2) + 2 * odd + x % 2;
        std::memcpy(place, from + static_cast<std::size_t>(cell) * run, run);
      }
    }
  });
  return out;
}

}  // namespace sfumato::ops
