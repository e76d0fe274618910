#include "sfumato/diffusion/denoiser.h"

#include <ATen/ATen.h>

#include <utility>

namespace sfumato {

ConditionalDenoiser make_denoiser(Network network, NoiseSchedule schedule, Prediction prediction) {
  return make_denoiser(
      std::move(network),
      [schedule = std::move(schedule)](double sigma) { return schedule.t(sigma); }, prediction);
}

ConditionalDenoiser make_denoiser(Network network, std::function<double(double)> timestep,
                                  Prediction prediction) {
  return [network = std::move(network), timestep = std::move(timestep), prediction](
             const at::Tensor& x, double sigma, const Conditioning& cond) {
    const auto [skip, out, in] = scalings(prediction, sigma);
    const auto t = at::full({x.size(0)}, timestep(sigma), x.options().dtype(at::kFloat));
    const auto raw = network(in * x, t, cond).to(x.scalar_type());
    return prediction == Prediction::Sample ? raw : skip * x + out * raw;
  };
}

}  // namespace sfumato
