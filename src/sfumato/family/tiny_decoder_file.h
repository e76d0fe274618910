#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

#include "sfumato/family/model_config.h"
#include "sfumato/models/tiny_decoder.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The decoder for latents of `latent` among these tensors: as TAESD stores it (taesd_decoder),
/// beside its encoder, or as diffusers does (AutoencoderTiny). Throws Corrupt or Unsupported,
/// naming `name`, where there is none, its tensors do not fit or it is for other latents.
TinyDecoder tiny_decoder_from(const TensorMap& tensors, const LatentConfig& latent,
                              const std::string& name);

/// The same from a checkpoint file, or from what the program brings for its own model ("scenes").
/// In evaluation mode, packed.
TinyDecoder load_tiny_decoder(const std::string& path_or_name, const LatentConfig& latent,
                              at::Device device, at::ScalarType dtype);

}  // namespace sfumato
