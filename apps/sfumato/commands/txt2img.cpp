#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../painting.h"
#include "../picture_text.h"
#include "../prompt_options.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

using Request = PaintRequest;
constexpr std::span<const Field<Request>> kRequestTable = kPaintRequestFields;

struct CommandLine {
  Request request;
  PromptFlags prompt;
  ModelOptions model;
  OutputFlags output;

  bool parse(std::span<const char* const> args, std::ostream& out) {
    Flags flags("sfumato txt2img", "paints a prompt");
    flags.add_positional("PROMPT", "what to paint, in quotes", 1,
                         [this](std::string_view word) { request.prompt = word; });
    flags.add<Request>(request, kRequestTable, "picture");
    flags.add<PromptFlags>(prompt, kPromptFlagFields, "prompt");
    flags.add<ModelOptions>(model, kModelFields, "model");
    flags.add<OutputFlags>(output, kOutputFields, "output");
    return flags.parse(args, out);
  }
};

void check_line(const Request& request) {
  if (request.prompt.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no prompt given",
                "try: sfumato txt2img \"a large red circle on a beige background\"");
  }
  check_names(request);
  if (request.hires_sampler) find_sampler(*request.hires_sampler);
  if (request.hires_spacing) find_spacing(*request.hires_spacing);
  check(request);
}

// The second pass's own prompts make their random choices as the first's do.
Request request_at(const Request& request, const Wildcards& wildcards, int index) {
  Request own = request_of_picture(request, wildcards, index);
  const PromptPair second{own.hires_prompt.value_or(""), own.hires_negative_prompt.value_or("")};
  auto [prompt, negative] = picture_prompts(second, wildcards, *own.seed);
  if (own.hires_prompt) own.hires_prompt = std::move(prompt);
  if (own.hires_negative_prompt) own.hires_negative_prompt = std::move(negative);
  return own;
}

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
  check_line(line.request);
  apply_prompt_flags(line.prompt, folder, line.request);
  choose_seeds(line.request, line.request);

  const Model model = open_model(line.model);
  const Request request = with_defaults(line.request, model.config);
  warn_without_effect(request, io.err);
  if (line.output.print_request) {
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    io.out << to_json(request, kRequestTable).dump(2, ' ', false, replace) << "\n";
    return;
  }
  const LoadedSources loaded(line.prompt, folder, model);
  const ModelIdentity identity = identify_model(line.model, model);
  PictureWriter writer(io, line.output, request.count, [&](int index) {
    const Request own = request_at(request, loaded.sources().wildcards, index);
    return PictureWriter::Facts{own.prompt, picture_number(own), picture_text(own, identity)};
  });
  io.cancel.throw_if_cancelled();
  const auto result = text_to_image(model, request, writer.observer(), loaded.sources());
  writer.finish(model, request, result);
}

}  // namespace

const Command txt2img{.name = "txt2img", .summary = "paint a prompt", .run = run};

}  // namespace sfumato::cli
