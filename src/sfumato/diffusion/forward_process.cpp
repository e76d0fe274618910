#include "sfumato/diffusion/forward_process.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

// sqrt(ᾱ_t) and sqrt(1 - ᾱ_t), shaped to multiply with `like`.
struct Rates {
  at::Tensor signal, noise;
};
Rates rates(const NoiseSchedule& schedule, const at::Tensor& t, const at::Tensor& like) {
  std::vector<double> signal, noise;
  for (const double alpha_bar : schedule.alphas_cumprod()) {
    signal.push_back(std::sqrt(alpha_bar));
    noise.push_back(std::sqrt(1.0 - alpha_bar));
  }
  return {lookup(signal, t, like), lookup(noise, t, like)};
}

}  // namespace

at::Tensor lookup(const std::vector<double>& table, const at::Tensor& t, const at::Tensor& like) {
  expect_shape(t, {like.size(0)}, "timesteps");
  const at::Tensor index = t.to(at::kCPU, at::kLong).contiguous();
  std::vector<float> values;
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    const std::int64_t at = index.data_ptr<std::int64_t>()[i];
    if (at < 0 || at >= static_cast<std::int64_t>(table.size())) {
      throw Error(ErrorKind::InvalidArgument, "timestep " + std::to_string(at) +
                                                  " lies outside the noise schedule of " +
                                                  std::to_string(table.size()) + " steps");
    }
    values.push_back(static_cast<float>(table[at]));
  }
  std::vector<std::int64_t> shape(like.dim(), 1);
  shape[0] = like.size(0);
  return at::tensor(values).reshape(shape).to(like.device());
}

at::Tensor add_noise(const NoiseSchedule& schedule, const at::Tensor& x0, const at::Tensor& noise,
                     const at::Tensor& t) {
  const Rates r = rates(schedule, t, x0);
  return r.signal * x0 + r.noise * noise;
}

at::Tensor velocity(const NoiseSchedule& schedule, const at::Tensor& x0, const at::Tensor& noise,
                    const at::Tensor& t) {
  const Rates r = rates(schedule, t, x0);
  return r.signal * noise - r.noise * x0;
}

at::Tensor x0_from_eps(const NoiseSchedule& schedule, const at::Tensor& x_t, const at::Tensor& eps,
                       const at::Tensor& t) {
  const Rates r = rates(schedule, t, x_t);
  return (x_t - r.noise * eps) / r.signal;
}

at::Tensor x0_from_v(const NoiseSchedule& schedule, const at::Tensor& x_t, const at::Tensor& v,
                     const at::Tensor& t) {
  const Rates r = rates(schedule, t, x_t);
  return r.signal * x_t - r.noise * v;
}

at::Tensor eps_from_v(const NoiseSchedule& schedule, const at::Tensor& x_t, const at::Tensor& v,
                      const at::Tensor& t) {
  const Rates r = rates(schedule, t, x_t);
  return r.signal * v + r.noise * x_t;
}

Posterior posterior(const NoiseSchedule& schedule, double v) {
  Posterior p;
  double previous = 1.0;
  for (std::int64_t t = 0; t < schedule.steps(); ++t) {
    const double beta = schedule.betas()[t], alpha_bar = schedule.alphas_cumprod()[t];
    const double remaining = 1.0 - alpha_bar;
    p.mean_x0.push_back(beta * std::sqrt(previous) / remaining);
    p.mean_x_t.push_back((1.0 - previous) * std::sqrt(1.0 - beta) / remaining);
    p.variance.push_back((1.0 - v) * beta * (1.0 - previous) / remaining + v * beta);
    p.log_variance.push_back(std::log(std::max(p.variance.back(), 1e-20)));
    previous = alpha_bar;
  }
  return p;
}

at::Tensor posterior_mean(const Posterior& p, const at::Tensor& x0, const at::Tensor& x_t,
                          const at::Tensor& t) {
  return lookup(p.mean_x0, t, x0) * x0 + lookup(p.mean_x_t, t, x_t) * x_t;
}

at::Tensor posterior_sample(const Posterior& p, const at::Tensor& x0, const at::Tensor& x_t,
                            const at::Tensor& t, const at::Tensor& noise) {
  std::vector<double> deviation;
  for (const double log_variance : p.log_variance)
    deviation.push_back(std::exp(0.5 * log_variance));
  deviation.front() = 0.0;
  return posterior_mean(p, x0, x_t, t) + lookup(deviation, t, x_t) * noise;
}

// In single precision, as the original: where ᾱ is close to 1 the rounding shows, and models were
// trained with these numbers.
std::vector<double> vlb_weights(const NoiseSchedule& schedule, Prediction prediction, double v) {
  const Posterior p = posterior(schedule, v);
  std::vector<double> weights;
  for (std::int64_t t = 0; t < schedule.steps(); ++t) {
    const auto beta = static_cast<float>(schedule.betas()[t]);
    const auto alpha = static_cast<float>(1.0 - schedule.betas()[t]);
    const auto alpha_bar = static_cast<float>(schedule.alphas_cumprod()[t]);
    const auto variance = static_cast<float>(p.variance[t]);
    switch (prediction) {
      case Prediction::Epsilon:
        weights.push_back(beta * beta / (2.0f * variance * alpha * (1.0f - alpha_bar)));
        break;
      case Prediction::V:
        weights.push_back(1.0);
        break;
      case Prediction::Sample:
        weights.push_back(0.5f * std::sqrt(alpha_bar) / (2.0f - alpha_bar));
        break;
    }
  }
  if (weights.size() > 1) weights[0] = weights[1];
  return weights;
}

}  // namespace sfumato
