#include "../painting_command.h"
#include "sfumato/tasks/depth_to_image.h"

namespace sfumato::cli {
namespace {

void run_depth2img(std::span<const char* const> args, Streams io) {
  Image picture;
  Mask depth;
  const PaintingCommand<DepthRequest> command{
      .name = "depth2img",
      .summary = "paints a picture over and keeps its depth, with a depth model",
      .fields = kDepthRequestFields,
      .prepare =
          [&](const DepthRequest& request) {
            check(request);
            picture = read_image(request.image);
            depth = mask_of(read_image(request.depth));
          },
      .with_defaults =
          [&](DepthRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const DepthRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return depth_to_image(model, picture, depth, request, observer, sources);
      }};
  run_painting(command, args, io);
}

}  // namespace

const Command depth2img{.name = "depth2img",
                        .summary = "paint a picture over and keep its depth",
                        .run = run_depth2img};

}  // namespace sfumato::cli
