#pragma once

#include <string>

#include "sfumato/checkpoint/diffusers_names.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// The tensors of one part of a diffusers folder as a single file has them, without prefix. A
/// tensor without counterpart keeps its name. Throws Corrupt when query, key and value do not make
/// one tensor; `name` is for messages.
TensorMap to_single_file(DiffusersPart part, const TensorMap& folder, const std::string& name);

/// The reverse; tensors that the folder does not have are left out. OpenCLIP's text tower keeps its
/// unused ones (the last layer of SD2, the logit scale) under their own names, which diffusers
/// passes over and to_single_file() takes back.
TensorMap to_folder(DiffusersPart part, const TensorMap& single, const std::string& name);

/// What SD2's single files have and the folder lacks because it is never used (the last layer,
/// the projection, the logit scale): zeros, so that the text tower is complete. Other towers get
/// the logit scale alone.
void complete_open_clip(DiffusersPart part, TensorMap& single);

}  // namespace sfumato
