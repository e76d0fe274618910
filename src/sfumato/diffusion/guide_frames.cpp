#include "sfumato/diffusion/guide_frames.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

double between(double a, double b, int i, int count) {
  return count == 1 ? a : a + (b - a) * i / (count - 1);
}

}  // namespace

at::Tensor guide_frames(const at::Tensor& cond, const at::Tensor& uncond,
                        std::span<const double> scales) {
  const auto frames = static_cast<std::int64_t>(scales.size());
  if (frames < 1 || cond.sizes() != uncond.sizes() || cond.size(0) % frames != 0) {
    throw Error(ErrorKind::InvalidArgument, "frame guidance: the batch is no multiple of " +
                                                std::to_string(frames) +
                                                " frames, or the halves differ");
  }
  std::vector<std::int64_t> shape(static_cast<std::size_t>(cond.dim()), 1);
  shape[0] = cond.size(0);
  const at::Tensor each = at::tensor(std::vector<double>(scales.begin(), scales.end()), at::kDouble)
                              .to(cond.device(), cond.scalar_type())
                              .repeat({cond.size(0) / frames})
                              .reshape(shape);
  return uncond + each * (cond - uncond);
}

std::vector<double> linear_frame_scales(int frames, double largest) {
  std::vector<double> scales;
  for (int i = 0; i < frames; ++i) scales.push_back(between(1.0, largest, i, frames));
  return scales;
}

std::vector<double> triangle_frame_scales(int frames, double largest,
                                          std::span<const double> periods) {
  std::vector<double> scales;
  for (int i = 0; i < frames; ++i) {
    double sum = 0.0;
    for (const double period : periods) {
      const double place = between(0.0, 1.0, i, frames) / period;
      sum += 2.0 * std::abs(place - std::floor(place + 0.5));
    }
    scales.push_back(1.0 + (largest - 1.0) * sum / static_cast<double>(periods.size()));
  }
  return scales;
}

std::vector<double> trapezoid_frame_scales(int frames, double largest, double edge) {
  const int ramp = static_cast<int>(frames * edge);
  std::vector<double> scales(static_cast<std::size_t>(frames), 1.0);
  for (int i = 0; i < ramp; ++i) {
    scales[i] = between(1.0, largest, i, ramp);
    scales[frames - 1 - i] = scales[i];
  }
  return scales;
}

}  // namespace sfumato
