#pragma once

#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/image/mask.h"
#include "sfumato/request/image_tasks.h"

namespace sfumato {

/// What a picture is cut into to be enlarged by a model, and how the pieces become the result.
struct UpscalePlan {
  Image start;  ///< what is cut, its edges repeated to a size that the model can paint
  std::vector<Rect> tiles = {};  ///< of start, all of one size
  int enlargement = 1;           ///< pixels of the result per pixel of start
  int width = 0, height = 0;     ///< of the result

  /// Of one painted tile.
  int tile_width() const { return tiles.front().width() * enlargement; }
  int tile_height() const { return tiles.front().height() * enlargement; }
  /// The result from its painted tiles, in order.
  Image joined(const std::vector<Image>& painted) const;
};

/// For a request with its defaults filled in.
UpscalePlan upscale_plan(const Image& picture, const UpscaleRequest& request,
                         const ModelConfig& config);

}  // namespace sfumato
