#pragma once

#include <array>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/request/infotext.h"

namespace sfumato::cli {

/// Which model, where and in which precision: the flags that all commands with a model share.
struct ModelOptions {
  std::string model = "scenes", unet, vae, clip, taesd, family, prediction;
  bool no_ema = false, zero_terminal_snr = false, low_memory = false;
  std::string device = "auto", precision = "auto", vae_tiling = "auto", models_dir;
};

inline constexpr std::array kModelFields{
    Field<ModelOptions>{"model", &ModelOptions::model,
                        "name or hash, model folder or checkpoint file; see: sfumato models"},
    Field<ModelOptions>{"unet", &ModelOptions::unet,
                        "file of the U-Net, in place of the model's own"},
    Field<ModelOptions>{"vae", &ModelOptions::vae,
                        "file of the autoencoder, in place of the model's own"},
    Field<ModelOptions>{"clip", &ModelOptions::clip,
                        "file of the text encoder; several separated by commas"},
    Field<ModelOptions>{"taesd", &ModelOptions::taesd,
                        "file of a tiny autoencoder's decoder, for fast pictures of less quality; "
                        "scenes: that of the program's own model"},
    Field<ModelOptions>{"no-ema", &ModelOptions::no_ema,
                        "the last weights of training instead of the averaged ones"},
    Field<ModelOptions>{"family", &ModelOptions::family,
                        "family of a file whose tensors cannot tell it"},
    Field<ModelOptions>{.name = "prediction",
                        .member = &ModelOptions::prediction,
                        .help = "what the U-Net predicts, where that is not found out rightly",
                        .choices = "eps|v|x0"},
    Field<ModelOptions>{"zero-terminal-snr", &ModelOptions::zero_terminal_snr,
                        "a noise schedule that ends in pure noise, for models trained with it"},
    Field<ModelOptions>{"device", &ModelOptions::device, "cpu, cuda or auto"},
    Field<ModelOptions>{
        "precision", &ModelOptions::precision,
        "float32, bfloat16, float16 or auto (bfloat16 on CUDA and on processors that "
        "compute in it, else float32)"},
    Field<ModelOptions>{.name = "vae-tiling",
                        .member = &ModelOptions::vae_tiling,
                        .help = "encode and decode part by part, in less memory; auto: if need be",
                        .choices = "auto|on|off"},
    Field<ModelOptions>{"low-memory", &ModelOptions::low_memory,
                        "read weights from the file whenever they are needed: a fraction of the "
                        "memory, slower"},
    Field<ModelOptions>{
        "models-dir", &ModelOptions::models_dir,
        "folder with checkpoints, vae, loras and embeddings [SFUMATO_MODELS, or models]"},
};

/// Throws InvalidArgument for an unknown name, Unsupported for cuda where there is none.
at::Device parse_device(const std::string& name);
at::ScalarType parse_precision(const std::string& name, at::Device device);

/// The folder of --models-dir, or models/.
std::filesystem::path models_folder(const ModelOptions& options);

/// Where the model lies: as named, or below the models folder and its subfolder checkpoints (see
/// find_weights() in model_files.h).
std::string model_path(const ModelOptions& options);

/// Loads it. What a checkpoint was taken for, where its tensors alone did not tell, is noted on
/// `err`.
Model open_model(const ModelOptions& options, std::ostream& err);

/// Loads the model that finishes what the first one began, with the same device and precision, and
/// adds its weights to the parts of `identity`; nothing when the request wants none.
std::optional<Model> open_refiner(const RefinerSettings& settings, const ModelOptions& options,
                                  ModelIdentity& identity, std::ostream& err);

/// Name and SHA-256 of the weights that open_model() reads, those of parts in files of their own,
/// and how they are computed with. The hash of a file is remembered (checkpoint_source.h); weights
/// spread over several files have none.
ModelIdentity identify_model(const ModelOptions& options, const Model& model, std::ostream& err);

}  // namespace sfumato::cli
