#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sfumato/checkpoint/diffusers_names.h"
#include "sfumato/family/model_config.h"

namespace sfumato {

/// One part of a diffusers folder that has weights.
struct DiffusersFolderPart {
  std::string folder;  ///< "text_encoder_2"
  std::string file;    ///< name of its weights
  DiffusersPart part;
  std::string prefix;  ///< of its tensors in a single file
  nlohmann::ordered_json config;
};

/// The parts that a family has in a diffusers folder, with their config.json. Throws Unsupported
/// for families that diffusers' Stable Diffusion pipelines do not have: vector-quantised
/// autoencoders, other text encoders, image embeddings.
std::vector<DiffusersFolderPart> diffusers_parts(const ModelConfig& config);

/// model_index.json; `scheduler` is the class of the scheduler.
nlohmann::ordered_json diffusers_index(const ModelConfig& config, const std::string& scheduler);

/// scheduler_config.json, of the kind that the published folders of the family have. It says that
/// it was written here, under a name that diffusers passes over.
nlohmann::ordered_json diffusers_scheduler(const ModelConfig& config);

/// Whether a scheduler_config.json is what the author of a model chose, and not ours.
bool is_authors_scheduler(const std::string& text);

}  // namespace sfumato
