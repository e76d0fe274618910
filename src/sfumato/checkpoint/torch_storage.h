#pragma once

#include <cstdint>
#include <string>

#include "sfumato/checkpoint/pickle.h"

namespace sfumato {

/// A block of numbers outside of the pickle, as torch.save() refers to it. Tensors are views of
/// it and may share it.
struct TorchStorage {
  std::string key;    ///< its name in the file
  std::string dtype;  ///< as safetensors spells it; U8 when only the tensor knows
  bool untyped;       ///< the tensor knows the dtype
  std::uint64_t count;
};

/// What a Persistent node refers to; throws Corrupt or, for unknown kinds of storage, Unsupported.
/// `file` is for messages.
TorchStorage storage_of(const Pickle& pickle, const PickleNode& persistent,
                        const std::string& file);

/// The dtype that a tensor over an untyped storage states (`torch.float8_e4m3fn`), as safetensors
/// spells it; throws Unsupported for any other value.
std::string stated_dtype(const Pickle& pickle, const PickleValue& value, const std::string& file);

}  // namespace sfumato
