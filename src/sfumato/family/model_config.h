#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/models/autoencoder.h"
#include "sfumato/models/clip_image_model.h"
#include "sfumato/models/unet.h"

namespace sfumato {

// A model family as plain data: everything that tells one published latent diffusion model from
// another. Written by people as TOML (families/*.toml), read by
// family/family.h, turned into modules by family/build.cpp.

/// The space the diffusion works in. latent = (z - shift) * scale.
struct LatentConfig {
  std::int64_t channels = 4;
  std::int64_t downsample = 8;  ///< f of LDM sec. 3.1: pixels per latent position and axis
  double scale = 1.0;  ///< brings the latent to about unit variance (LDM sec. 4.3.2, app. G)
  double shift = 0.0;
  /// The checkpoint itself holds the scale, in the tensor `scale_factor` (CompVis `scale_by_std`).
  bool scale_in_checkpoint = false;
};

enum class EncoderKind {
  Clip,      ///< CLIP's text tower, Hugging Face names
  OpenClip,  ///< CLIP's text tower, OpenAI / OpenCLIP names
  Bert,      ///< the token transformer of the LDM paper
  Class,     ///< one learned vector per class
};

/// Which hidden state becomes the context.
enum class Take {
  Last,             ///< after the final norm
  Penultimate,      ///< after the last block but one, as it is
  PenultimateNorm,  ///< the same through the final norm
};

/// Where an encoder's token ids come from.
enum class TokenizerKind {
  None,  ///< the caller gives ids or classes
  Clip,  ///< the original CLIP vocabulary
  File,  ///< a tokenizer file beside the checkpoint
  Bert,  ///< the uncased BERT word pieces
};

/// One domain-specific encoder tau_theta (LDM sec. 3.3). Several are stacked along the width.
struct TextEncoderConfig {
  EncoderKind kind = EncoderKind::Clip;
  std::string prefix;  ///< of its tensors in the checkpoint
  Take take = Take::Last;
  TokenizerKind tokenizer = TokenizerKind::Clip;
  std::string tokenizer_file;    ///< with TokenizerKind::File: name inside the model folder
  bool pad_with_eos = true;      ///< false: short prompts are padded with id 0
  bool zero_when_empty = false;  ///< an empty prompt becomes zeros (SDXL's unconditional half)

  std::int64_t vocabulary = 49408;  ///< ids, or classes
  std::int64_t positions = 77;      ///< tokens per prompt
  std::int64_t width = 768, layers = 12, heads = 12, mlp_ratio = 4;
  std::int64_t projection = 768;  ///< width of `pooled`, OpenClip only
  std::string activation = "quick_gelu";
  bool causal = true;  ///< OpenClip only: whether a token sees only those before it
};

enum class AutoencoderKind { KL, VQ };

/// What is stacked onto the noisy latent as further channels.
enum class ConcatKind {
  None,
  LowResImage,   ///< the picture to enlarge, resized to the latent's size
  MaskedLatent,  ///< mask, then the latent of the picture without the masked part (SD inpainting)
  MaskedLatentFirst,  ///< the same, latent first (LDM sec. 4.5)
  Depth,              ///< an inverse depth map in [-1, 1]
  EditedImage,        ///< the unscaled latent of the picture to edit (InstructPix2Pix)
  LabelMap,           ///< one-hot label map through a spatial rescaler (LDM sec. 4.3.2)
};

struct ConcatConfig {
  ConcatKind kind = ConcatKind::None;
  std::int64_t channels = 0;
  // LabelMap only: the spatial rescaler under `prefix`, halving `stages` times.
  std::int64_t labels = 0, stages = 0;
  std::string prefix;
};

/// A part of the conditioning vector, in order (SDXL sec. 2.2).
enum class VectorPart {
  Pooled,          ///< pooled text of the last encoder that has one
  OriginalSize,    ///< height, width of the training picture
  CropTopLeft,     ///< top, left of its crop
  TargetSize,      ///< height, width asked for
  AestheticScore,  ///< 6 good, 2.5 bad
  ImageEmbedding,  ///< a noised CLIP image embedding (unCLIP)
  NoiseLevel,      ///< sinusoidal embedding of that noise's timestep, as wide as ImageEmbedding
};

/// CLIP's image tower, where a family is conditioned on the embedding of a picture (unCLIP).
struct ImageEncoderConfig {
  std::string prefix;  ///< of its tensors in the checkpoint
  ClipImageConfig clip;
  /// Set when loading: the checkpoint also holds the mean and deviation of all embeddings
  /// (noise_augmentor.data_mean, data_std). Where it does not they are 0 and 1.
  bool statistics = false;
};

/// Noise on what a family is conditioned on, which it is told the level of (Ho et al. 2021,
/// arXiv:2106.15282, sec. 3, "conditioning augmentation"): the low-resolution picture of the x4
/// upscaler, the embedding of unCLIP.
struct NoiseAugmentConfig {
  NoiseScheduleConfig schedule;
  std::int64_t max_level = 999;  ///< levels are timesteps of the schedule, 0 .. max_level
};

/// Where the parts lie in a single-file checkpoint.
struct CheckpointConfig {
  std::string unet = "model.diffusion_model.";
  std::string autoencoder = "first_stage_model.";
  /// Prefixes under which the file repeats the autoencoder (LDM inpainting's `cond_stage_model.`).
  std::vector<std::string> autoencoder_copies;
};

/// Used where a request leaves a field open.
struct DefaultsConfig {
  std::int64_t width = 512, height = 512;
  std::int64_t steps = 30;
  std::string sampler = "dpmpp_2m";
  std::string spacing = "karras";
  double guidance = 7.5;
};

struct ModelConfig {
  std::string family;
  std::string source;  ///< repository and config file the numbers were read from
  LatentConfig latent;
  NoiseScheduleConfig schedule;
  Prediction prediction = Prediction::Epsilon;
  std::optional<UNetConfig> unet;  ///< absent: an autoencoder on its own
  AutoencoderKind autoencoder_kind = AutoencoderKind::KL;
  AutoencoderConfig autoencoder;
  std::vector<TextEncoderConfig> text_encoders;  ///< empty: no cross-attention context
  ConcatConfig concat;
  std::vector<VectorPart> vector;
  std::optional<ImageEncoderConfig> image_encoder;
  std::optional<NoiseAugmentConfig> noise_augment;
  CheckpointConfig checkpoint;
  DefaultsConfig defaults;
  /// Tensors (name -> shape) by which a checkpoint of this family is recognised.
  std::map<std::string, std::vector<std::int64_t>> fingerprint;

  std::string toml;  ///< the text this was read from; save_model() writes it back
  /// The scheduler_config.json of the diffusers folder that the model was loaded from: how its
  /// author samples it. "" when there is none, or one that was only written by a conversion here.
  std::string scheduler;
};

}  // namespace sfumato
