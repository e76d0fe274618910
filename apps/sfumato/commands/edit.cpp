#include "sfumato/tasks/edit.h"

#include "../painting_command.h"

namespace sfumato::cli {
namespace {

void run_edit(std::span<const char* const> args, Streams io) {
  Image picture;
  const PaintingCommand<EditRequest> command{
      .name = "edit",
      .summary = "changes a picture as the prompt says, with an instruct-pix2pix model",
      .fields = kEditRequestFields,
      .prepare =
          [&](const EditRequest& request) {
            check(request);
            picture = read_image(request.image);
          },
      .with_defaults =
          [&](EditRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const EditRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return sfumato::edit(model, picture, request, observer, sources);
      }};
  run_painting(command, args, io);
}

}  // namespace

const Command edit{
    .name = "edit", .summary = "change a picture as the prompt says", .run = run_edit};

}  // namespace sfumato::cli
