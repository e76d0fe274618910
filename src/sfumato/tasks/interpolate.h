#pragma once

#include "sfumato/family/model.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct InterpolateResult : Painted {
  InterpolateRequest request = {};  ///< with every default filled in
};

/// Pictures from that of `prompt` and `seed` to that of `to_prompt` and `to_seed`, both as txt2img
/// paints them. Between them all noise turns along the sphere (Shoemake 1985) and what the prompts
/// mean to the network changes linearly. What the request does not name at the end stays. Throws
/// InvalidArgument when the prompts name different LoRAs.
InterpolateResult interpolate(const Model& model, const InterpolateRequest& request,
                              const Observer& observer = {}, const PromptSources& sources = {});

}  // namespace sfumato
