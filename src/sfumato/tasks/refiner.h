#pragma once

#include <optional>
#include <span>

#include "sfumato/request/text_tasks.h"
#include "sfumato/tasks/batch.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

/// Throws InvalidArgument when the request wants a refiner and `refiner` is null or takes no
/// pictures of width x height pixels, Unsupported when that model cannot go on with the latents of
/// `model`.
void expect_refiner(const RefinerSettings& settings, const Model& model, const Model* refiner,
                    int width, int height);

/// What batch.call.sources.refiner paints of a run over width x height pixels; nothing when the
/// request wants none. LoRAs and embeddings are those of the first model alone.
///   texts  one pair per picture
std::optional<RefinerRun> refiner_run(const PictureBatch& batch, const RefinerSettings& settings,
                                      std::span<const PromptPair> texts, const PromptSteps& steps,
                                      int width, int height);

}  // namespace sfumato
