#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sfumato/checkpoint/pickle.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// All bytes of a storage as a flat tensor of `count` elements of `dtype`, as safetensors spells
/// it. Throws Corrupt when the file has not exactly that many bytes under `key`.
using StorageReader = std::function<at::Tensor(const std::string& key, const std::string& dtype,
                                               std::uint64_t count)>;

/// The tensors of a pickle by their path: keys joined with '/', positions in lists as numbers.
/// They are views of their storages, not necessarily contiguous. Throws Corrupt for a tensor that
/// leaves its storage or, spread out, is larger than both its storage and `file_size` bytes.
/// `file` is for messages.
TensorMap pickled_tensors(const Pickle& pickle, const StorageReader& read, std::uint64_t file_size,
                          const std::string& file);

/// The numbers and short texts beside the tensors (global_step, epoch, name...), as text.
Metadata pickled_scalars(const Pickle& pickle);

}  // namespace sfumato
