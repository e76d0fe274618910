#include "sfumato/tasks/upscale_plan.h"

#include <algorithm>

#include "sfumato/image/outpaint.h"
#include "sfumato/image/resample.h"
#include "sfumato/image/tiles.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

int rounded_up(int side, int multiple) { return (side + multiple - 1) / multiple * multiple; }

}  // namespace

UpscalePlan upscale_plan(const Image& picture, const UpscaleRequest& request,
                         const ModelConfig& config) {
  UpscalePlan plan{.start = picture, .width = *request.width, .height = *request.height};
  if (request.method == "x4") {
    plan.enlargement = static_cast<int>(config.latent.downsample);
  } else {
    plan.start = resample(picture, plan.width, plan.height, Filter::Lanczos);
  }
  const int multiple = size_multiple(config) / plan.enlargement;
  const int tile = *request.tile / plan.enlargement;
  // Sides of several tiles are covered by whole ones, the others need a size that can be painted.
  const auto missing = [&](int side) {
    return side > tile ? 0 : rounded_up(side, multiple) - side;
  };
  plan.start = extended(plan.start,
                        {.right = missing(plan.start.width), .down = missing(plan.start.height)});
  plan.tiles =
      tiles_of(plan.start.width, plan.start.height, tile, *request.tile_overlap / plan.enlargement);
  return plan;
}

Image UpscalePlan::joined(const std::vector<Image>& painted) const {
  std::vector<Rect> places;
  for (const Rect& tile : tiles) {
    places.push_back({tile.left * enlargement, tile.top * enlargement, tile.right * enlargement,
                      tile.bottom * enlargement});
  }
  const Image whole =
      joined_tiles(painted, places, start.width * enlargement, start.height * enlargement);
  return cropped(whole, {0, 0, width, height});
}

}  // namespace sfumato
