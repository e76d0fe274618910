#pragma once

#include <filesystem>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// Whether the folder is a pipeline as diffusers saves it: model_index.json and one folder per
/// part.
bool is_diffusers_folder(const std::filesystem::path& folder);

/// All weights of the pipeline under the names of a single file. Of each part the first that is
/// there is read: .safetensors before .bin, full precision before .fp16, in one file or in shards.
/// `metadata` receives the pipeline's class as "diffusers.pipeline" and the whole of
/// scheduler_config.json as "diffusers.scheduler". Parts other than U-Net, autoencoder, text
/// encoders and, of unCLIP, image encoder and the statistics of its embeddings are left out.
/// Throws NotFound for a part without weights, Unsupported for other kinds of parts.
TensorMap load_diffusers_folder(const std::filesystem::path& folder, Metadata* metadata = nullptr);

}  // namespace sfumato
