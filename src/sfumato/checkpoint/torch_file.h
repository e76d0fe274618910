#pragma once

#include <filesystem>
#include <string_view>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// A file of torch.save() (.ckpt, .pt, .pth, .bin): a pickle of nested dictionaries and lists in
/// which the tensors hang.
struct TorchFile {
  TensorMap tensors;  ///< by path: "state_dict/NAME"; views of the mapped file where it is aligned
  Metadata scalars;   ///< of the outermost dictionary: "global_step" ...
};

/// Whether the bytes look like the zip format (PyTorch 1.6 and later) or the one before it.
bool is_torch_zip(std::string_view bytes);
bool is_torch_legacy(std::string_view bytes);

/// Reads either format and executes nothing (see pickle.h). Throws Corrupt, or Unsupported for
/// big-endian files and types that do not exist here; checksums of zip entries are verified.
TorchFile load_torch_file(const std::filesystem::path& path);

}  // namespace sfumato
