#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <vector>

#include "sfumato/base/cancel.h"
#include "sfumato/family/model_config.h"
#include "sfumato/image/image.h"
#include "sfumato/training/loss_log.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/recipe.h"
#include "sfumato/training/train_loop.h"

namespace sfumato {

/// Where a stage works and whom it tells.
struct StageEnv {
  at::Device device;
  const CancelToken& cancel;
  std::ostream& log;
};

/// What a stage shows of itself now and then.
struct Evaluation {
  NamedNumbers numbers;         ///< measured on the validation data, e.g. {"psnr", 31.2}
  std::optional<Image> sample;  ///< the same pictures every time
};

/// One of the stages of a latent diffusion model, ready for the loop. evaluate() and save()
/// are called while the module holds its averaged weights.
struct Stage {
  std::shared_ptr<torch::nn::Module> module;
  TrainTask task;
  std::function<Evaluation()> evaluate;
  /// Writes the finished model and returns what was written.
  std::function<std::vector<std::filesystem::path>()> save;
};

/// Perceptual compression (LDM sec. 3.1). Writes OUT/autoencoder.safetensors with the latent scale.
Stage autoencoder_stage(const Recipe& recipe, const StageEnv& env);
/// The text encoder, learned together with an image tower by contrast (Radford et al. 2021). Writes
/// OUT/clip.safetensors and the tokenizer, whose vocabulary it learns first.
Stage clip_stage(const Recipe& recipe, const StageEnv& env);
/// Teaches that text encoder where a caption puts things (caption_layout.h). Writes it, alone, to
/// OUT/clip.safetensors.
Stage layout_stage(const Recipe& recipe, const StageEnv& env);
/// Distils a tiny decoder (models/tiny_decoder.h) from the autoencoder of the first stage. Writes
/// taesd_decoder.safetensors to OUT and to recipe.taesd.export.
Stage taesd_stage(const Recipe& recipe, const StageEnv& env);
/// Latent diffusion (LDM sec. 3.2, 3.3) on the latents of the first stage, conditioned on the text
/// tower of the second or of layout_stage(). Writes the complete model to OUT/model and to
/// recipe.denoiser.export.
Stage denoiser_stage(const Recipe& recipe, const StageEnv& env);

/// What a recipe learns from and what it is measured on, as large as its family's pictures.
struct RecipePictures {
  PictureSet train;
  PictureSet validation;  ///< empty if the recipe names none
};
RecipePictures read_pictures(const Recipe& recipe, const ModelConfig& family, const StageEnv& env);

Stage make_stage(const Recipe& recipe, const StageEnv& env);

at::ScalarType precision_of(const Recipe& recipe);
/// Replicas are for the threads of a CPU; a GPU works on the whole batch at once.
std::int64_t replica_count(const Recipe& recipe, at::Device device);
/// The family a recipe names: a file when there is one of that name, else part of the program.
ModelConfig family_of(const Recipe& recipe);

}  // namespace sfumato
