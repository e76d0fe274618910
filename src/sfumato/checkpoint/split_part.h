#pragma once

#include <string>

#include "sfumato/checkpoint/diffusers_names.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// One part of a model from a file of its own or from a complete checkpoint (`--unet`, `--vae`,
/// `--clip`): its tensors below `prefix`, as a single file has them. The file may use the names of
/// a single file, with or without a prefix, or those of diffusers. Training losses and averaged
/// weights in it are left out.
/// Throws Corrupt when the file has no such part; `name` is for messages.
TensorMap split_part(const TensorMap& file, DiffusersPart part, const std::string& prefix,
                     const std::string& name);

}  // namespace sfumato
