#include "sfumato/checkpoint/split_part.h"

#include <string_view>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/diffusers_convert.h"
#include "sfumato/checkpoint/load_into.h"

namespace sfumato {
namespace {

/// By which a part is recognised, and where files keep it ("" is the file itself).
struct Signature {
  const char* words;   ///< for messages
  const char* single;  ///< a tensor under the names of a single file
  const char* folder;  ///< the same under those of diffusers
  std::vector<std::string> places;
};

Signature signature_of(DiffusersPart part) {
  switch (part) {
    case DiffusersPart::UNet:
    case DiffusersPart::AddedUNet:
      return {"U-Net",
              "input_blocks.0.0.weight",
              "down_blocks.0.resnets.0.norm1.weight",
              {"model.diffusion_model.", "diffusion_model.", ""}};
    case DiffusersPart::Vae:
      return {"autoencoder",
              "decoder.up.0.block.0.norm1.weight",
              "decoder.up_blocks.0.resnets.0.norm1.weight",
              {"first_stage_model.", "vae.", ""}};
    case DiffusersPart::ClipText:
      return {"CLIP text encoder",
              "text_model.encoder.layers.0.layer_norm1.weight",
              "text_model.encoder.layers.0.layer_norm1.weight",
              {"cond_stage_model.transformer.", "conditioner.embedders.0.transformer.",
               "text_encoders.clip_l.transformer.", "transformer.", ""}};
    case DiffusersPart::ClipImage:
      return {"CLIP image encoder",
              "transformer.resblocks.0.ln_1.weight",
              "vision_model.encoder.layers.0.layer_norm1.weight",
              {"embedder.model.visual.", "visual.", ""}};
    case DiffusersPart::OpenClipText:
    case DiffusersPart::OpenClipPenultimate:
      break;
  }
  return {"OpenCLIP text encoder",
          "transformer.resblocks.0.ln_1.weight",
          "text_model.encoder.layers.0.layer_norm1.weight",
          {"cond_stage_model.model.", "conditioner.embedders.1.model.",
           "conditioner.embedders.0.model.", "text_encoders.clip_g.transformer.", ""}};
}

bool is_of_training(std::string_view name) {
  return name.starts_with("loss.") || name.starts_with("model_ema.");
}

bool is_open_clip(DiffusersPart part) {
  return part == DiffusersPart::OpenClipText || part == DiffusersPart::OpenClipPenultimate;
}

}  // namespace

TensorMap split_part(const TensorMap& file, DiffusersPart part, const std::string& prefix,
                     const std::string& name) {
  const Signature signature = signature_of(part);
  for (const auto& place : signature.places) {
    TensorMap found = with_prefix_removed(file, place);
    const bool single = found.contains(signature.single);
    if (!single && !found.contains(signature.folder)) continue;
    std::erase_if(found, [](const auto& item) { return is_of_training(item.first); });
    if (!single) found = to_single_file(part, found, name);
    if (is_open_clip(part)) complete_open_clip(part, found);
    TensorMap placed;
    for (auto& [inner, tensor] : found) placed[prefix + inner] = std::move(tensor);
    return placed;
  }
  throw Error(ErrorKind::Corrupt, name + ": there is no " + signature.words + " in this file");
}

}  // namespace sfumato
