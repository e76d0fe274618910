#pragma once

#include <ATen/core/Tensor.h>

#include "sfumato/family/model.h"

namespace sfumato {

// What models see of a picture besides the prompt: noised first, so that they need not follow it in
// every detail, and with the noise's level beside it.

/// Whether the family is conditioned on the embedding of a picture (unCLIP).
bool reads_pictures(const ModelConfig& config);

/// A picture or an embedding x [B, ...] with unit noise of a level of the family's own schedule for
/// it: sqrt(ᾱ) x + sqrt(1 - ᾱ) noise. Level 0 has a trace of noise, as in training. Throws
/// InvalidArgument for a level that the family does not know, Unsupported when it knows none.
/// Source: Stability-AI/stablediffusion, ldm/modules/diffusionmodules/upscaling.py.
at::Tensor noise_augmented(const ModelConfig& config, const at::Tensor& x, const at::Tensor& noise,
                           int level);

/// S of the pictures that embedded_pictures() reads. Throws Unsupported when the model has no image
/// tower.
int embedded_picture_side(const Model& model);

/// CLIP's embedding [B, E] of pictures [B, 3, S, S] from clip_pixels(), not normalised, in float32
/// on the model's device.
at::Tensor embedded_pictures(const Model& model, const at::Tensor& pixels);

/// The conditioning vector [B, 2 E] of embeddings [B, E]: noised in units of their own statistics,
/// then the level, embedded like a timestep. Source: there, ldm/modules/encoders/modules.py,
/// CLIPEmbeddingNoiseAugmentation.
at::Tensor embedding_vector(const Model& model, const at::Tensor& embedding,
                            const at::Tensor& noise, int level);

}  // namespace sfumato
