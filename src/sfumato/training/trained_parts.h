#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sfumato/family/model.h"

namespace sfumato {

/// The family with another latent scale, in its numbers and in its text.
ModelConfig with_latent_scale(const ModelConfig& family, double scale);

/// The autoencoder that autoencoder_stage() wrote to its out folder, with the latent scale measured
/// on it.
Autoencoder trained_autoencoder(const ModelConfig& family,
                                const std::filesystem::path& autoencoder_folder);

/// The text encoder that clip_stage() or layout_stage() wrote to their out folder.
TextEncoder trained_text_encoder(const ModelConfig& family,
                                 const std::filesystem::path& clip_folder);

/// All captions as that encoder's ids [N, context_length], int32 (picture_set.h).
at::Tensor token_table(const TextEncoder& text, const std::vector<std::string>& captions);

/// A model whose autoencoder and text tower come from the out folders of the first two stages and
/// whose denoiser is fresh. The latent scale is the one measured on the autoencoder.
Model assemble_model(const ModelConfig& family, const std::filesystem::path& autoencoder_folder,
                     const std::filesystem::path& clip_folder, std::uint64_t seed);

/// What encoded latents depend on: the contents of the autoencoder file and of the pictures (uint8,
/// contiguous), and the precision of the encoder.
std::string latents_key(const std::filesystem::path& autoencoder_folder, const at::Tensor& pictures,
                        at::ScalarType precision);

}  // namespace sfumato
