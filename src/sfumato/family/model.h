#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sfumato/family/model_config.h"
#include "sfumato/models/autoencoder_kl.h"
#include "sfumato/models/autoencoder_vq.h"
#include "sfumato/models/clip_image_model.h"
#include "sfumato/models/spatial_rescaler.h"
#include "sfumato/models/tiny_decoder.h"
#include "sfumato/models/token_vectors.h"
#include "sfumato/models/unet.h"
#include "sfumato/tensor/tensor_map.h"
#include "sfumato/text/clip_tokenizer.h"

namespace sfumato {

/// Whether an autoencoder works strip by strip: when it would not fit into memory otherwise, or
/// whatever the memory.
enum class VaeTiling { Auto, On, Off };

/// Perceptual compression of either kind behind the two directions the diffusion needs. Latents
/// are scaled (LatentConfig); pictures are [B, 3, H, W] in [-1, 1].
struct Autoencoder {
  AutoencoderKL kl{nullptr};  ///< exactly one of the two is set
  AutoencoderVQ vq{nullptr};
  /// Decodes in its place if set: faster, less true. No part of the model, whose tensors and moves
  /// are without it.
  TinyDecoder tiny{nullptr};
  LatentConfig latent;
  VaeTiling tiling =
      VaeTiling::Auto;  ///< for who runs it; encode and decode themselves do not look

  /// [B, 3, H, W] -> [B, C, H/f, W/f]: the posterior's mean (KL) or the features before the
  /// codebook (VQ).
  at::Tensor encode(const at::Tensor& image) const;
  /// A sample of the posterior instead, with unit noise [B, C, H/f, W/f]; VQ ignores the noise.
  at::Tensor encode(const at::Tensor& image, const at::Tensor& noise) const;
  /// [B, C, h, w] -> [B, 3, h*f, w*f]
  at::Tensor decode(const at::Tensor& latent) const;

  torch::nn::Module& module() const;
};

/// What one encoder contributes: context [B, T, width] and, if it has one, pooled [B, projection].
struct EncodedText {
  at::Tensor context;
  std::optional<at::Tensor> pooled;
};

/// One tau_theta with its tokenizer.
struct TextEncoder {
  TextEncoderConfig config;
  std::shared_ptr<torch::nn::Module> module;
  std::function<EncodedText(const at::Tensor& ids, std::int64_t clip_skip,
                            std::span<const TokenVectors> words)>
      run;
  std::shared_ptr<const ClipTokenizer> tokenizer;  ///< null: prompts cannot be tokenized
  std::string tokenizer_text;                      ///< content of its file, saved with the model

  /// ids [B, T] int64 ([B] classes) -> its contribution. `clip_skip` n takes the n-th hidden state
  /// from the end, normed as the family has it, but never a later one than the family's own; 0 is
  /// the family's own. `words` stand in place of the tokens there. Encoders other than CLIP's
  /// ignore both.
  EncodedText encode(const at::Tensor& ids, std::int64_t clip_skip = 0,
                     std::span<const TokenVectors> words = {}) const {
    return run(ids, clip_skip, words);
  }
};

/// CLIP's image tower, and the statistics of its embeddings over the training set [1, E], float32.
struct ImageEncoder {
  ClipImageModel clip{nullptr};  ///< null: the model has none
  at::Tensor mean, deviation;
};

/// A complete latent diffusion model: data with modules in it. Copies share the weights.
struct Model {
  ModelConfig config;
  UNet unet{nullptr};  ///< null for an autoencoder on its own
  Autoencoder autoencoder;
  std::vector<TextEncoder> text_encoders;
  ImageEncoder image_encoder;
  SpatialRescaler label_rescaler{nullptr};  ///< only with ConcatKind::LabelMap
  at::Device device{at::kCPU};
  at::ScalarType dtype = at::kFloat;  ///< of matrix products and convolutions
};

/// Fresh weights, initialised from `seed`, float32 on the CPU. `tokenizer_text` is the content of
/// the tokenizer file that the family asks for ("" when it asks for none). In evaluation mode.
Model make_model(const ModelConfig& config, const std::string& tokenizer_text = "",
                 std::uint64_t seed = 0);

/// The same without memory for the weights (meta tensors): names and shapes only, no tokenizers.
Model describe_model(const ModelConfig& config);

/// Lays the weights out plainly where sampling keeps them packed or streamed (nn/layers.h): before
/// anyone reads or writes tensors of the model that were taken earlier.
void unpack_weights(const Model& model);

/// Every tensor under its name in a single-file checkpoint; storage is shared with the model.
TensorMap checkpoint_tensors(const Model& model);
/// The same where only names and shapes matter yet: weights that are packed stay so.
TensorMap tensors_as_they_lie(const Model& model);

/// Moves the weights, and stores them in `dtype`; but the autoencoder stays in float32 instead of
/// float16, in which SDXL's overflows.
void move_to(Model& model, at::Device device, at::ScalarType dtype);
/// The same for weights that are about to come: those it had are lost, and it takes no memory (see
/// tensor/hollow.h).
void make_room_on(Model& model, at::Device device, at::ScalarType dtype);

}  // namespace sfumato
