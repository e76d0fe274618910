#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/request/infotext.h"

namespace sfumato::cli {

/// Which model, where and in which precision: the flags that all commands with a model share.
struct ModelOptions {
  std::string model = "scenes", family, device = "auto", precision = "auto", models_dir = "";
};

inline constexpr std::array kModelFields{
    Field<ModelOptions>{"model", &ModelOptions::model,
                        "name, model folder or .safetensors file; see: sfumato models"},
    Field<ModelOptions>{"family", &ModelOptions::family,
                        "family of a file whose tensors cannot tell it"},
    Field<ModelOptions>{"device", &ModelOptions::device, "cpu, cuda or auto"},
    Field<ModelOptions>{"precision", &ModelOptions::precision,
                        "float32, bfloat16, float16 or auto (bfloat16 on CUDA, else float32)"},
    Field<ModelOptions>{
        "models-dir", &ModelOptions::models_dir,
        "folder with checkpoints, loras and embeddings [SFUMATO_MODELS, or models]"},
};

/// Throws InvalidArgument for an unknown name, Unsupported for cuda where there is none.
at::Device parse_device(const std::string& name);
at::ScalarType parse_precision(const std::string& name, at::Device device);

/// The folder of --models-dir, or of SFUMATO_MODELS, or models/.
std::filesystem::path models_folder(const ModelOptions& options);

/// Where the model lies: as named, or below the models folder and its subfolder checkpoints, with
/// or without its extension.
std::string model_path(const ModelOptions& options);

Model open_model(const ModelOptions& options);

/// Name and SHA-256 of the weights as they were loaded from `options.model`; no hash for files of
/// more than 512 MiB, which would take longer to hash than to load.
ModelIdentity identify_model(const ModelOptions& options, const Model& model);

}  // namespace sfumato::cli
