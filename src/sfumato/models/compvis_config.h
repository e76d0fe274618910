#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sfumato/models/autoencoder.h"
#include "sfumato/models/bert_text_model.h"
#include "sfumato/models/clip.h"
#include "sfumato/models/clip_text_model.h"
#include "sfumato/models/spatial_rescaler.h"
#include "sfumato/models/unet.h"

namespace sfumato {

// The hyper-parameters of the published configurations (CompVis and Stability YAML files, read as
// JSON, and Hugging Face's config.json) as our config structs. Unknown keys that do not change the
// network are ignored (`use_checkpoint`, `dropout`, ...); a value that our networks cannot express
// throws Unsupported, a missing or ill-typed one InvalidArgument.

/// {"target": ..., "params": {...}} of `unet_config` or of SDXL's `network_config`.
UNetConfig unet_from_compvis(const nlohmann::json& config);

/// {"target": ..., "params": {...}} of `first_stage_config`; codebook_size > 0 for the VQ models.
AutoencoderConfig autoencoder_from_compvis(const nlohmann::json& config);

/// {"target": ..., "params": {...}} of `cond_stage_config`, by the class it names.
BertTextConfig bert_from_compvis(const nlohmann::json& config);
SpatialRescalerConfig spatial_rescaler_from_compvis(const nlohmann::json& config);
struct ClassEmbedderConfig {
  int64_t classes = 1000;
  int64_t width = 0;
};
ClassEmbedderConfig class_embedder_from_compvis(const nlohmann::json& config);

/// Hugging Face's config.json of a CLIPTextModel.
ClipTextConfig clip_text_from_hugging_face(const nlohmann::json& config);
/// OpenCLIP's model file: {"embed_dim", "text_cfg": {...}}; "act" or "quick_gelu" name the gate.
OpenClipTextConfig open_clip_text_from_json(const nlohmann::json& config);
/// Arguments of OpenAI's VisionTransformer and CLIP classes.
ClipImageConfig clip_image_from_openai(const nlohmann::json& config);
ClipConfig clip_from_openai(const nlohmann::json& config);

}  // namespace sfumato
