#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../painting.h"
#include "../picture_text.h"
#include "../prompt_options.h"
#include "sfumato/tasks/image_to_image.h"

namespace sfumato::cli {
namespace {

using Request = ImageToImageRequest;
constexpr std::span<const Field<Request>> kRequestTable = kImageToImageFields;

struct CommandLine {
  Request request;
  PromptFlags prompt;
  ModelOptions model;
  OutputFlags output;

  bool parse(std::span<const char* const> args, std::ostream& out) {
    Flags flags("sfumato img2img", "paints a picture over");
    flags.add_positional("PROMPT", "what to paint, in quotes", 1,
                         [this](std::string_view word) { request.prompt = word; });
    flags.add<Request>(request, kRequestTable, "picture");
    flags.add<PromptFlags>(prompt, kPromptFlagFields, "prompt");
    flags.add<ModelOptions>(model, kModelFields, "model");
    flags.add<OutputFlags>(output, kOutputFields, "output");
    return flags.parse(args, out);
  }
};

void run(std::span<const char* const> args, Streams io) {
  CommandLine line;
  if (!line.parse(args, io.out)) return;
  if (!line.output.from.empty()) {  // the picture's request first, the flags on top of it
    CommandLine based;
    read_request(line.output.from, based.request);
    based.parse(args, io.out);
    line = based;
  }
  const auto folder = models_folder(line.model);
  check(line.request);
  check_names(line.request);
  apply_prompt_flags(line.prompt, folder, line.request);
  choose_seeds(line.request, line.request);
  const Image picture = read_image(line.request.image);

  const Model model = open_model(line.model);
  const Request request = with_defaults(line.request, model.config, picture);
  warn_without_effect(request, io.err);
  if (line.output.print_request) {
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    io.out << to_json(request, kRequestTable).dump(2, ' ', false, replace) << "\n";
    return;
  }
  const LoadedSources loaded(line.prompt, folder, model);
  const ModelIdentity identity = identify_model(line.model, model);
  PictureWriter writer(io, line.output, request.count, [&](int index) {
    const Request own = request_of_picture(request, loaded.sources().wildcards, index);
    return PictureWriter::Facts{own.prompt, picture_number(own), picture_text(own, identity)};
  });
  io.cancel.throw_if_cancelled();
  const auto result = image_to_image(model, picture, request, writer.observer(), loaded.sources());
  writer.finish(model, request, result);
}

}  // namespace

const Command img2img{.name = "img2img", .summary = "paint a picture over", .run = run};

}  // namespace sfumato::cli
