#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// D(x; σ): the estimate of the clean latent behind a noisy one.
///   x      [B, C, H, W]   x0 + σ·n with n ~ N(0, I)  (variance-exploding scale)
///   sigma  standard deviation of the noise, in latent units
///   return [B, C, H, W]   estimate of x0
/// Source: Karras et al. 2022 (arXiv:2206.00364), eqs. 2-3. Everything that changes *what*
/// is denoised (guidance, inpainting masks, control) wraps a Denoiser into a Denoiser.
using Denoiser = std::function<at::Tensor(const at::Tensor& x, double sigma)>;

/// What the denoising network is conditioned on. Absent members are not fed to it; all
/// absent is an unconditional model.
struct Conditioning {
  std::optional<at::Tensor> context;  ///< [B, T, D]      cross-attention tokens (LDM sec. 3.3)
  std::optional<at::Tensor> vector;   ///< [B, A]         pooled text, size and crop (SDXL sec. 2.2)
  std::optional<at::Tensor> concat;   ///< [B, C', H, W]  mask or low-res image, channel-stacked
};

/// A Denoiser whose conditioning is still open.
using ConditionalDenoiser =
    std::function<at::Tensor(const at::Tensor& x, double sigma, const Conditioning& cond)>;

/// The raw denoising network F: (x_t, t, cond) -> eps | v | x0.
///   x_t  [B, C, H, W]  variance-preserving scale: sqrt(ᾱ)·x0 + sqrt(1-ᾱ)·n
///   t    [B]           timestep, int64 or float32 (between table entries)
using Network =
    std::function<at::Tensor(const at::Tensor& x_t, const at::Tensor& t, const Conditioning&)>;

/// The denoiser of a network: scales the input, looks up t(σ), turns eps / v / x0 into x0.
ConditionalDenoiser make_denoiser(Network network, NoiseSchedule schedule, Prediction prediction);
/// The same with another way from the noise level to what the network is told about it.
ConditionalDenoiser make_denoiser(Network network, std::function<double(double sigma)> timestep,
                                  Prediction prediction);

}  // namespace sfumato
