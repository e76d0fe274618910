#pragma once

#include "sfumato/diffusion/denoiser.h"
#include "sfumato/family/model.h"
#include "sfumato/family/widen.h"
#include "sfumato/tasks/observer.h"

namespace sfumato {

// Stages whose results a half dtype cannot hold are computed again in a wider one.

/// The model for another try at a part that gave NaN or infinite values: in float32 or, from
/// float16 where there is no memory for that, in bfloat16. Notes it. Throws Unsupported when the
/// model computes in float32 already.
Model for_another_try(const Model& model, WidePart part, const Observer& observer);

/// The model's network (family/network.h) with every answer checked: the rows that are not finite
/// are asked once more of the network of for_another_try(), and no others, so that no picture
/// depends on the ones beside it. Throws Unsupported as that does, and when x_t itself is not
/// finite.
Network sturdy_network(const Model& model, const Observer& observer);

}  // namespace sfumato
