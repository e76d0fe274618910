#pragma once

#include <set>
#include <vector>

#include "sfumato/checkpoint/diffusers_names.h"

namespace sfumato {

/// The U-Net's numbers that its block names depend on.
struct UNetBlocks {
  int levels = 0;         ///< resolutions
  int layers = 0;         ///< residual blocks per level on the way down
  std::set<int> attends;  ///< levels on the way up, coarsest first, whose blocks have attention
  bool added = false;     ///< SDXL's name of the vector conditioning
};
std::vector<DiffusersRename> unet_renames(const UNetBlocks& blocks);

/// `levels` resolutions of `layers` residual blocks on the way down, one more on the way up.
std::vector<DiffusersRename> vae_renames(int levels, int layers);

/// CLIP's text tower, Hugging Face against OpenCLIP names.
std::vector<DiffusersRename> open_clip_renames(int layers, bool projection);
/// CLIP's image tower, likewise.
std::vector<DiffusersRename> clip_image_renames(int layers);

}  // namespace sfumato
