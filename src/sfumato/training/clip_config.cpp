#include "sfumato/training/clip_config.h"

#include "sfumato/base/error.h"

namespace sfumato {

const TextEncoderConfig& text_tower(const ModelConfig& family) {
  if (family.text_encoders.size() != 1 ||
      family.text_encoders.front().kind != EncoderKind::OpenClip ||
      family.text_encoders.front().tokenizer != TokenizerKind::File) {
    throw Error(ErrorKind::Unsupported, "family " + family.family +
                                            " has no text tower to train: it needs one encoder of "
                                            "kind open_clip with a tokenizer file");
  }
  return family.text_encoders.front();
}

ClipConfig clip_config(const Recipe& recipe, const ModelConfig& family) {
  const TextEncoderConfig& text = text_tower(family);
  return {.text = {.vocabulary = text.vocabulary,
                   .positions = text.positions,
                   .width = text.width,
                   .layers = text.layers,
                   .heads = text.heads,
                   .mlp_ratio = text.mlp_ratio,
                   .projection = text.projection,
                   .activation = text.activation,
                   .causal = text.causal},
          .image = {.image_size = family.defaults.width,
                    .patch_size = recipe.clip.patch_size,
                    .width = recipe.clip.width,
                    .layers = recipe.clip.layers,
                    .heads = recipe.clip.heads,
                    .projection = text.projection,
                    .activation = text.activation}};
}

}  // namespace sfumato
