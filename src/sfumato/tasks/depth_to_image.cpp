#include "sfumato/tasks/depth_to_image.h"

#include <ATen/ATen.h>

#include "sfumato/tasks/concat_channels.h"
#include "sfumato/tasks/inpaint_picture.h"
#include "sfumato/tasks/paint_over.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

// Cut or widened as the picture is; otherwise at its own resolution.
Mask depth_beside(const Image& picture, const Mask& depth, const DepthRequest& request) {
  const ResizeMode mode = parse_resize_mode(request.resize);
  if (mode == ResizeMode::Stretch || mode == ResizeMode::Latent) return depth;
  const Mask same = fitted(depth, ResizeMode::Stretch, picture.width, picture.height);
  return fitted(same, mode, *request.width, *request.height);
}

}  // namespace

DepthRequest with_defaults(DepthRequest request, const ModelConfig& config, const Image& picture) {
  expect_channels(config, "depth2img", {ConcatKind::Depth});
  take_size_of(picture, request, config);
  fill_in_open_fields(request, config);
  return request;
}

DepthResult depth_to_image(const Model& model, const Image& picture, const Mask& depth,
                           const DepthRequest& asked, const Observer& observer,
                           const PromptSources& sources) {
  DepthResult result;
  result.request = with_defaults(asked, model.config, picture);
  const DepthRequest& request = result.request;
  static_cast<Painted&>(result) =
      paint_over({model, request, request, sources, observer}, request, [&] {
        const Image start = sized(picture, request, size_multiple(model.config));
        const at::Tensor values = values_of(depth_beside(picture, depth, request));
        return Beginning{.latent = starting_latent(model, start, request, observer),
                         .concat = depth_channels(model, values, *request.width, *request.height)};
      });
  return result;
}

}  // namespace sfumato
