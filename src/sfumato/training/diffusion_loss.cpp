#include "sfumato/training/diffusion_loss.h"

#include <ATen/ATen.h>

namespace sfumato {
namespace {

struct Mix {
  at::Tensor signal, sigma;  // sqrt(ᾱ), sqrt(1 - ᾱ): [B, 1, 1, 1] in the dtype of x0
};

Mix mix(const at::Tensor& alphas_cumprod, const at::Tensor& x0, const at::Tensor& t) {
  const at::Tensor abar = alphas_cumprod.index_select(0, t).view({-1, 1, 1, 1});
  return {abar.sqrt().to(x0.scalar_type()), (1 - abar).sqrt().to(x0.scalar_type())};
}

}  // namespace

at::Tensor add_noise(const at::Tensor& alphas_cumprod, const at::Tensor& x0,
                     const at::Tensor& noise, const at::Tensor& t) {
  const Mix m = mix(alphas_cumprod, x0, t);
  return m.signal * x0 + m.sigma * noise;
}

at::Tensor diffusion_target(Prediction prediction, const at::Tensor& alphas_cumprod,
                            const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t) {
  switch (prediction) {
    case Prediction::Epsilon:
      return noise;
    case Prediction::V: {
      const Mix m = mix(alphas_cumprod, x0, t);
      return m.signal * noise - m.sigma * x0;
    }
    case Prediction::Sample:
      return x0;
  }
  return {};  // unreachable: -Wswitch keeps the list complete
}

at::Tensor distance_per_sample(Distance distance, const at::Tensor& predicted,
                               const at::Tensor& target) {
  const at::Tensor difference = predicted.to(at::kFloat) - target.to(at::kFloat);
  const at::Tensor error = distance == Distance::L1 ? difference.abs() : difference.square();
  return error.flatten(1).mean(1);
}

at::Tensor diffusion_loss(const Network& network, Prediction prediction, Distance distance,
                          const at::Tensor& alphas_cumprod, const at::Tensor& x0,
                          const at::Tensor& noise, const at::Tensor& t, const Conditioning& cond) {
  const at::Tensor x_t = add_noise(alphas_cumprod, x0, noise, t);
  const at::Tensor target = diffusion_target(prediction, alphas_cumprod, x0, noise, t);
  return distance_per_sample(distance, network(x_t, t, cond), target);
}

at::Tensor min_snr_weight(Prediction prediction, const at::Tensor& alphas_cumprod,
                          const at::Tensor& t, double gamma) {
  const at::Tensor abar = alphas_cumprod.index_select(0, t);
  const at::Tensor snr = abar / (1 - abar);
  const at::Tensor capped = snr.clamp_max(gamma);
  switch (prediction) {
    case Prediction::Epsilon:
      return (capped / snr).to(at::kFloat);
    case Prediction::V:
      return (capped / (snr + 1)).to(at::kFloat);
    case Prediction::Sample:
      return capped.to(at::kFloat);
  }
  return {};
}

}  // namespace sfumato
