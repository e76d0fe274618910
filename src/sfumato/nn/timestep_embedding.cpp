#include "sfumato/nn/timestep_embedding.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sfumato::nn {

at::Tensor timestep_embedding(const at::Tensor& timesteps, int64_t width, double max_period) {
  const int64_t half = width / 2;
  const auto options = timesteps.options().dtype(at::kFloat);
  const at::Tensor frequencies =
      at::exp(at::arange(half, options) * (-std::log(max_period) / static_cast<double>(half)));
  const at::Tensor angles = timesteps.to(at::kFloat).unsqueeze(-1) * frequencies;
  at::Tensor embedding = at::cat({angles.cos(), angles.sin()}, -1);
  if (width % 2) embedding = at::constant_pad_nd(embedding, {0, 1});
  return embedding;
}

}  // namespace sfumato::nn
