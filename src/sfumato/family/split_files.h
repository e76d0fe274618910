#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/family/model_config.h"

namespace sfumato {

/// Files with one part of a model each, or with more of which only that part is taken. "" and an
/// empty list: the part is the checkpoint's own.
struct SplitFiles {
  std::string unet = {}, vae = {};
  std::vector<std::string> clip = {};     ///< of several text encoders each may have a file
  at::ScalarType quantised = at::kFloat;  ///< what their quantised tensors become

  bool any() const { return !unet.empty() || !vae.empty() || !clip.empty(); }
};

/// A checkpoint, which may be empty, with the parts of these files in the place of its own, under
/// the names of a single file. Averaged weights of a U-Net that is replaced go too, and what
/// was said of it: the new one's metadata count.
/// Where text encoders lie is the family's affair: that of `config` or, without it, of the families
/// whose U-Net and autoencoder these are. Throws Corrupt when a file has not got its part or an
/// autoencoder of another shape, NotFound or Io.
Checkpoint with_split_files(Checkpoint whole, const SplitFiles& files, const ModelConfig* config);

}  // namespace sfumato
