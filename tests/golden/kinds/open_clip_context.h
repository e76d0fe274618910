#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sfumato/models/open_clip_text_model.h"

namespace sfumato::golden {

/// What FrozenOpenCLIPEmbedder or FrozenOpenCLIPEmbedder2, as {"target", "params"}, makes of the
/// text tower's features.
at::Tensor open_clip_context(OpenClipTextModel& model, const TextFeatures& features,
                             const nlohmann::json& embedder);

}  // namespace sfumato::golden
