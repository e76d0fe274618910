#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/model_config.h"
#include "sfumato/family/prompt_conditioner.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// An embedding file's content (textual inversion, Gal et al. 2022).
struct TextualInversion {
  std::string name;  ///< the word: the file's name without extension, or what a picture says
  std::string file;  ///< for messages
  /// float32 [count, width], finite; one per text encoder that it was made for, widths all differ.
  std::vector<at::Tensor> vectors;
  Metadata facts{};  ///< what the file says beside: "step", "sd_checkpoint_name" ...
};

/// From a file's tensors by path. A1111's files hold one below `string_to_param`; otherwise the one
/// tensor counts, whatever its name, or the two of SDXL (clip_l, clip_g). A vector alone is a word
/// of one token. Throws Corrupt for anything else.
TextualInversion textual_inversion(const TensorMap& tensors, const std::string& name,
                                   const std::string& file);

/// A picture that carries an embedding (.png, .webp; see embedding_picture.h), or a file of any
/// format that open_checkpoint() reads. Throws NotFound for a picture that carries none.
TextualInversion read_textual_inversion(const std::filesystem::path& path);

/// The word for prompts of a model of this family. Throws Corrupt, naming the widths that there
/// are, when it was made for another base model.
LearnedWord learned_word(const TextualInversion& inversion, const ModelConfig& config);

}  // namespace sfumato
