#include "../painting_command.h"
#include "sfumato/tasks/image_to_image.h"

namespace sfumato::cli {
namespace {

void run_img2img(std::span<const char* const> args, Streams io) {
  Image picture;
  const PaintingCommand<ImageToImageRequest> command{
      .name = "img2img",
      .summary = "paints a picture over",
      .fields = kImageToImageFields,
      .prepare =
          [&](const ImageToImageRequest& request) {
            check(request);
            picture = read_image(request.image);
          },
      .with_defaults =
          [&](ImageToImageRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const ImageToImageRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return image_to_image(model, picture, request, observer, sources);
      }};
  run_painting(command, args, io);
}

}  // namespace

const Command img2img{.name = "img2img", .summary = "paint a picture over", .run = run_img2img};

}  // namespace sfumato::cli
