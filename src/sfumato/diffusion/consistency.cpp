#include "sfumato/diffusion/consistency.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace sfumato {
namespace {

constexpr std::int64_t kEntries = 50;

std::int64_t stride(const NoiseSchedule& schedule) {
  return std::max<std::int64_t>(schedule.steps() / kEntries, 1);
}

}  // namespace

NoiseSchedule consistency_schedule(const NoiseSchedule& schedule) {
  const auto& all = schedule.alphas_cumprod();
  const std::int64_t step = stride(schedule);
  std::vector<double> kept;
  for (std::int64_t t = schedule.steps() - 1; t >= 0; t -= step) kept.push_back(all[t]);
  if (static_cast<std::int64_t>(kept.size()) > kEntries) kept.resize(kEntries);
  std::reverse(kept.begin(), kept.end());
  return NoiseSchedule::from_alphas_cumprod(kept);
}

ConsistencyWeights consistency_weights(double t) {
  constexpr double kData = 0.5, kScale = 10.0;
  const double time = kScale * t, sum = time * time + kData * kData;
  return {.out = time / std::sqrt(sum), .skip = kData * kData / sum};
}

ConditionalDenoiser consistency_denoiser(Network network, const NoiseSchedule& schedule,
                                         Prediction prediction) {
  const std::int64_t step = stride(schedule), last = schedule.steps() - 1;
  const NoiseSchedule kept = consistency_schedule(schedule);
  return [network = std::move(network), kept, prediction, step, last](
             const at::Tensor& x, double sigma, const Conditioning& cond) {
    const std::int64_t t = last - (kept.steps() - 1 - kept.nearest_t(sigma)) * step;
    const auto [skip, out, in] = scalings(prediction, sigma);
    const auto time = at::full({x.size(0)}, static_cast<double>(t), x.options().dtype(at::kFloat));
    const at::Tensor raw = network(in * x, time, cond).to(x.scalar_type());
    const at::Tensor denoised = prediction == Prediction::Sample ? raw : skip * x + out * raw;
    const auto weights = consistency_weights(static_cast<double>(t));
    return weights.out * denoised + weights.skip * x;
  };
}

}  // namespace sfumato
