#include "../painting_command.h"
#include "sfumato/tasks/image_to_image.h"

namespace sfumato::cli {
namespace {

void run_inpaint(std::span<const char* const> args, Streams io) {
  Image picture;
  Mask mask;
  const PaintingCommand<InpaintRequest> command{
      .name = "inpaint",
      .summary = "paints a part of a picture anew",
      .fields = kInpaintRequestFields,
      .prepare =
          [&](const InpaintRequest& request) {
            check(request);
            picture = read_image(request.image);
            mask = mask_of(read_image(request.mask));
          },
      .with_defaults =
          [&](InpaintRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const InpaintRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return sfumato::inpaint(model, picture, mask, request, observer, sources);
      }};
  run_painting(command, args, io);
}

}  // namespace

const Command inpaint{
    .name = "inpaint", .summary = "paint a part of a picture anew", .run = run_inpaint};

}  // namespace sfumato::cli
