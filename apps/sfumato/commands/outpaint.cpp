#include "sfumato/tasks/outpaint.h"

#include "../painting_command.h"

namespace sfumato::cli {
namespace {

void run_outpaint(std::span<const char* const> args, Streams io) {
  Image picture;
  const PaintingCommand<OutpaintRequest> command{
      .name = "outpaint",
      .summary = "continues a picture beyond its edges",
      .fields = kOutpaintRequestFields,
      .prepare =
          [&](const OutpaintRequest& request) {
            check(request);
            picture = read_image(request.image);
          },
      .with_defaults =
          [&](OutpaintRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const OutpaintRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return sfumato::outpaint(model, picture, request, observer, sources);
      }};
  run_painting(command, args, io);
}

}  // namespace

const Command outpaint{
    .name = "outpaint", .summary = "continue a picture beyond its edges", .run = run_outpaint};

}  // namespace sfumato::cli
