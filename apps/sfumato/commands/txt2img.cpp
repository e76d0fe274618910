#include "../painting_command.h"
#include "sfumato/base/error.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

void check_request(const PaintRequest& request) {
  if (request.prompt.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no prompt given",
                "try: sfumato txt2img \"a large red circle on a beige background\"");
  }
  if (request.hires_sampler) find_sampler(*request.hires_sampler);
  if (request.hires_spacing) find_spacing(*request.hires_spacing);
  check(request);
}

void run_txt2img(std::span<const char* const> args, Streams io) {
  const PaintingCommand<PaintRequest> command{
      .name = "txt2img",
      .summary = "paints a prompt",
      .fields = kPaintRequestFields,
      .prepare = check_request,
      .with_defaults =
          [](PaintRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config);
          },
      .paint = [](const Model& model, const PaintRequest& request, const Observer& observer,
                  const PromptSources& sources) -> Painted {
        return text_to_image(model, request, observer, sources);
      },
      .many = true};
  run_painting(command, args, io);
}

}  // namespace

const Command txt2img{.name = "txt2img", .summary = "paint a prompt", .run = run_txt2img};

}  // namespace sfumato::cli
