#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <filesystem>
#include <iosfwd>
#include <string>

#include "sfumato/base/cancel.h"
#include "sfumato/models/autoencoder_kl.h"
#include "sfumato/training/picture_set.h"

namespace sfumato {

/// Runs all pictures through the encoder once: the posterior's moments [N, 2C, h, w] in float16 on
/// the CPU, from which every step draws fresh latents.
at::Tensor encode_moments(AutoencoderKL autoencoder, const PictureSet& set, at::Device device,
                          at::ScalarType precision, const CancelToken& cancel, std::ostream& log);

/// The same through a file, which is used again while `key` (what the moments depend on) is equal.
at::Tensor cached_moments(const std::filesystem::path& file, const std::string& key,
                          AutoencoderKL autoencoder, const PictureSet& set, at::Device device,
                          at::ScalarType precision, const CancelToken& cancel, std::ostream& log);

/// 1 / standard deviation of latents drawn from `moments`: the factor that brings them to unit
/// variance (LDM sec. 4.3.2, app. G).
double latent_scale(const at::Tensor& moments);

}  // namespace sfumato
