#pragma once

#include <filesystem>
#include <string_view>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

enum class CheckpointFormat {
  Safetensors,
  TorchZip,     ///< torch.save() of PyTorch 1.6 and later
  TorchLegacy,  ///< torch.save() before that
  Gguf,
  Diffusers,  ///< a folder
};
std::string_view format_name(CheckpointFormat format);

struct Checkpoint {
  TensorMap tensors;  ///< by the names of a single file; views of the file where possible
  Metadata metadata;  ///< safetensors' and GGUF's own, the scalars beside a pickled state dict
  CheckpointFormat format;
};

/// Reads a checkpoint whatever it is called: the content tells a .safetensors file, a list of
/// shards (NAME.index.json), a file of torch.save() and a GGUF file apart; a folder must be a
/// diffusers pipeline. Of a pickled training state only the weights are kept ("state_dict").
/// Nothing in a file is executed, and no more is allocated than its bytes justify. Quantised
/// tensors become `quantised`. Throws NotFound, Corrupt, Unsupported or Io in one line naming the
/// file.
Checkpoint open_checkpoint(const std::filesystem::path& path,
                           at::ScalarType quantised = at::kFloat);

}  // namespace sfumato
